#pragma once
// libstdc++'s headers, made for another system, ask for this file of glibc. picolibc is none.
#define __GLIBC_PREREQ(major, minor) 0
