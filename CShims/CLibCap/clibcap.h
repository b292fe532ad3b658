/// The system's libcap, which takes privileges away.
#include <sys/capability.h>
#include <sys/prctl.h>
