# SPDX-License-Identifier: MIT
#
# A library for whoever builds a kernel: what may be missing there is not asked for.
core-cflags += -fno-stack-protector -fno-asynchronous-unwind-tables
