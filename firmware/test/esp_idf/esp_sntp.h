#pragma once

#include <sys/time.h>

enum sntp_sync_status_t { SNTP_SYNC_STATUS_RESET, SNTP_SYNC_STATUS_COMPLETED };

extern "C" {
void sntp_sync_time(struct timeval* tv);
void sntp_set_sync_status(sntp_sync_status_t status);
}
