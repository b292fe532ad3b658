#include "cfanotify.h"
