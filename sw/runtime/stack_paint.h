// The word that start-up code fills the stack with; for C++ and for assembly.
#define HEEPSTOR_STACK_PAINT 0x57AC57AC
