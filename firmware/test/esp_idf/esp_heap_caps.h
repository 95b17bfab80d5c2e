#pragma once

#include <stddef.h>
#include <stdint.h>

constexpr uint32_t MALLOC_CAP_8BIT = 1;
constexpr uint32_t MALLOC_CAP_DMA = 2;
constexpr uint32_t MALLOC_CAP_INTERNAL = 4;

extern "C" {
void* heap_caps_malloc(size_t size, uint32_t capabilities);
void* heap_caps_aligned_alloc(size_t alignment, size_t size, uint32_t capabilities);
}
