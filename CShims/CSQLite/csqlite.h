/// The system's SQLite, which keeps the baseline.
#include <sqlite3.h>
