#pragma once

#include "esp_err.h"

enum spi_host_device_t { SPI1_HOST, SPI2_HOST, SPI3_HOST };
enum spi_dma_chan_t { SPI_DMA_DISABLED, SPI_DMA_CH_AUTO };

struct spi_device_t;
using spi_device_handle_t = spi_device_t*;

struct spi_bus_config_t {
  int mosi_io_num;
  int miso_io_num;
  int sclk_io_num;
  int quadwp_io_num;
  int quadhd_io_num;
  int data4_io_num;
  int data5_io_num;
  int data6_io_num;
  int data7_io_num;
  int max_transfer_sz;
};

struct spi_device_interface_config_t {
  uint8_t address_bits;
  uint8_t mode;
  int clock_speed_hz;
  int spics_io_num;
  int queue_size;
};

struct spi_transaction_t {
  uint64_t addr;
  size_t length;
  size_t rxlength;
  const void* tx_buffer;
  void* rx_buffer;
};

extern "C" {
esp_err_t spi_bus_initialize(spi_host_device_t host, const spi_bus_config_t* bus, spi_dma_chan_t dma);
esp_err_t spi_bus_free(spi_host_device_t host);
esp_err_t spi_bus_add_device(spi_host_device_t host, const spi_device_interface_config_t* config,
                             spi_device_handle_t* device);
esp_err_t spi_device_transmit(spi_device_handle_t device, spi_transaction_t* transaction);
}
