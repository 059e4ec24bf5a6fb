/* A library that one of the variants needs, and that is not there when it is loaded. */
__attribute__((visibility("default"))) int tenon_test_helper(void);
int tenon_test_helper(void) { return 1; }
