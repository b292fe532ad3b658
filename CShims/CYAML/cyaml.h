/// The system's libyaml, which parses the configuration.
#include <yaml.h>
