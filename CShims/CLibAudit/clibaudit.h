/// The system's libaudit, for tests that compare our tables with its.
#include <libaudit.h>
