/* SPDX-License-Identifier: MIT */
/*
 * symbols.c - the function that a code address lies in.
 *
 *	address -> loaded object (dl_iterate_phdr) -> its file's .symtab, or .dynsym if stripped -> nearest function
 *
 * Static functions are found too, without -rdynamic. A file is mapped when it is first asked about and stays mapped: a
 * report names a dozen addresses of the same two or three objects.
 */
#include <elf.h>
#include <fcntl.h>
#include <kmem/host.h>
#include <link.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_OBJECTS 64

typedef ElfW(Shdr) section_t;

struct object {
	char path[256];
	const char *image;		/* NULL: could not be read */
	size_t bytes;
};

static struct object objects[MAX_OBJECTS];
static unsigned int nr_objects;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void object_map(struct object *object)
{
	int fd = open(object->path, O_RDONLY | O_CLOEXEC);
	struct stat status;
	void *image;

	if (fd < 0)
		return;
	if (!fstat(fd, &status) && status.st_size > (off_t)sizeof(ElfW(Ehdr))) {
		image = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
		if (image != MAP_FAILED && !memcmp(image, ELFMAG, SELFMAG)) {
			object->image = image;
			object->bytes = (size_t)status.st_size;
		}
	}
	close(fd);
}

/* The object's file, mapped. NULL: too many objects. */
static struct object *object_get(const char *path)
{
	struct object *object;

	for (unsigned int i = 0; i < nr_objects; i++)
		if (!strcmp(objects[i].path, path))
			return &objects[i];
	if (nr_objects == MAX_OBJECTS || strlen(path) >= sizeof(object->path))
		return NULL;
	object = &objects[nr_objects++];
	strcpy(object->path, path);
	object_map(object);
	return object;
}

/* A section of that type, inside the file. */
static const section_t *section_find(const struct object *object, ElfW(Word) type)
{
	const ElfW(Ehdr) *header = (const void *)object->image;
	const section_t *sections = (const void *)(object->image + header->e_shoff);

	if (!header->e_shoff || header->e_shoff + (size_t)header->e_shnum * sizeof(*sections) > object->bytes)
		return NULL;
	for (unsigned int i = 0; i < header->e_shnum; i++)
		if (sections[i].sh_type == type && sections[i].sh_link < header->e_shnum &&
		    sections[i].sh_offset + sections[i].sh_size <= object->bytes)
			return &sections[i];
	return NULL;
}

/* The function that offset (from the load address) lies in, or NULL. */
static const char *function_find(const struct object *object, unsigned long offset, unsigned long *start,
				 unsigned long *size)
{
	const ElfW(Ehdr) *header = (const void *)object->image;
	const section_t *sections = (const void *)(object->image + header->e_shoff);
	const section_t *table = section_find(object, SHT_SYMTAB);
	const ElfW(Sym) *symbols;

	if (!table)
		table = section_find(object, SHT_DYNSYM);
	if (!table)
		return NULL;
	symbols = (const void *)(object->image + table->sh_offset);
	for (size_t i = 0; i < table->sh_size / sizeof(*symbols); i++) {
		if (ELF64_ST_TYPE(symbols[i].st_info) != STT_FUNC || offset < symbols[i].st_value ||
		    offset >= symbols[i].st_value + symbols[i].st_size ||
		    symbols[i].st_name >= sections[table->sh_link].sh_size)
			continue;
		*start = symbols[i].st_value;
		*size = symbols[i].st_size;
		return object->image + sections[table->sh_link].sh_offset + symbols[i].st_name;
	}
	return NULL;
}

struct question {
	unsigned long pc;
	unsigned long base;
	const char *path;
};

static int is_asked(struct dl_phdr_info *info, size_t bytes, void *arg)
{
	struct question *question = arg;

	(void)bytes;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		unsigned long start = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;

		if (info->dlpi_phdr[i].p_type != PT_LOAD || question->pc < start ||
		    question->pc - start >= info->dlpi_phdr[i].p_memsz)
			continue;
		question->base = info->dlpi_addr;
		question->path = info->dlpi_name && *info->dlpi_name ? info->dlpi_name : "/proc/self/exe";
		return 1;
	}
	return 0;
}

const char *host_symbol(char *buf, size_t size, unsigned long pc)
{
	struct question question = { .pc = pc };
	unsigned long start, bytes;
	const char *name = NULL;
	struct object *object;

	snprintf(buf, size, "0x%lx", pc);
	if (!dl_iterate_phdr(is_asked, &question))
		return buf;
	pthread_mutex_lock(&lock);
	object = object_get(question.path);
	if (object && object->image)
		name = function_find(object, pc - question.base, &start, &bytes);
	if (name)
		snprintf(buf, size, "%s+0x%lx/0x%lx", name, pc - question.base - start, bytes);
	pthread_mutex_unlock(&lock);
	return buf;
}
