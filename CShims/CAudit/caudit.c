#include "caudit.h"
