// The peer of the audit benchmarks: visits every field of every record of a log with libauparse.
// cc -O2 -o auparse_visit auparse_visit.c -lauparse -laudit
#include <auparse.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static double seconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: auparse_visit FILE\n");
		return 2;
	}
	double start = seconds();
	auparse_state_t *state = auparse_init(AUSOURCE_FILE, argv[1]);
	if (!state) {
		perror(argv[1]);
		return 1;
	}
	unsigned long events = 0, records = 0, fields = 0, bytes = 0;
	while (auparse_next_event(state) > 0) {
		events++;
		if (auparse_first_record(state) <= 0)
			continue;
		do {
			records++;
			if (!auparse_first_field(state))
				continue;
			do {
				const char *name = auparse_get_field_name(state);
				const char *value = auparse_get_field_str(state);
				fields++;
				bytes += name ? strlen(name) : 0;
				bytes += value ? strlen(value) : 0;
			} while (auparse_next_field(state) > 0);
		} while (auparse_next_record(state) > 0);
	}
	auparse_destroy(state);
	printf("events %lu records %lu fields %lu bytes %lu seconds %.3f\n", events, records, fields, bytes,
	       seconds() - start);
	return 0;
}
