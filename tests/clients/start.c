/* Where a Cortex-M begins: the vector table, and C's own start with semihosting for output. */
#include <stdint.h>

extern int main(void);
extern void initialise_monitor_handles(void);
extern void exit(int);
extern uint32_t stack_top;

void _init(void) {} /* the C library calls them, there is nothing to do */
void _fini(void) {}

void start(void)
{
  initialise_monitor_handles();
  exit(main());
}

__attribute__((section(".vectors"), used)) static const void *const vectors[] = {
    &stack_top,
    (const void *)start,
};
