#pragma once

#include "freertos/FreeRTOS.h"

struct tskTaskControlBlock;
using TaskHandle_t = tskTaskControlBlock*;
using TaskFunction_t = void (*)(void* parameter);
enum eNotifyAction { eNoAction, eSetBits, eIncrement, eSetValueWithOverwrite };

extern "C" {
BaseType_t xTaskCreate(TaskFunction_t function, const char* name, uint32_t stack_bytes, void* parameter,
                       UBaseType_t priority, TaskHandle_t* task);
BaseType_t xTaskCreatePinnedToCore(TaskFunction_t function, const char* name, uint32_t stack_bytes,
                                   void* parameter, UBaseType_t priority, TaskHandle_t* task, BaseType_t core);
void vTaskDelay(TickType_t ticks);
void vTaskDelete(TaskHandle_t task);
TaskHandle_t xTaskGetCurrentTaskHandle(void);
BaseType_t xTaskNotifyGive(TaskHandle_t task);
uint32_t ulTaskNotifyTake(BaseType_t clear, TickType_t ticks);
BaseType_t xTaskNotifyWait(uint32_t clear_before, uint32_t clear_after, uint32_t* value, TickType_t ticks);
BaseType_t xTaskNotifyFromISR(TaskHandle_t task, uint32_t value, eNotifyAction action, BaseType_t* woken);
}
