#include "cinotify.h"
