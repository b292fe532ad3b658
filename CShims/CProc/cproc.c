#include "cproc.h"
