/* Prints how many readings a C header holds, and whether they add up to its own sum. */
#include <stdio.h>

#include "wearsynth_walking.h"

int main(void)
{
  int64_t sum = 0;
  for (int row = 0; row < WEARSYNTH_WALKING_READINGS; row++) {
    for (int axis = 0; axis < 3; axis++) {
      sum += wearsynth_walking[row][axis];
    }
  }
  printf("%d %ld %s\n", WEARSYNTH_WALKING_READINGS, (long)sum,
         sum == WEARSYNTH_WALKING_SUM ? "ok" : "wrong");
  return sum != WEARSYNTH_WALKING_SUM;
}
