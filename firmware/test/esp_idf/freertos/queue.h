#pragma once

#include "freertos/FreeRTOS.h"

struct QueueDefinition;
using QueueHandle_t = QueueDefinition*;

extern "C" {
QueueHandle_t xQueueCreate(UBaseType_t length, UBaseType_t item_size);
BaseType_t xQueueSend(QueueHandle_t queue, const void* item, TickType_t ticks);
BaseType_t xQueueReceive(QueueHandle_t queue, void* item, TickType_t ticks);
UBaseType_t uxQueueSpacesAvailable(QueueHandle_t queue);
}
