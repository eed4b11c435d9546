/* SPDX-License-Identifier: MIT */
#ifndef KMEM_VERSION_H
#define KMEM_VERSION_H

#define KMEM_VERSION "0.1.0"

#endif
