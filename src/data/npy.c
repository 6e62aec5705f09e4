/* SPDX-License-Identifier: MIT */
#include "npy.h"

#include "npy_convert.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

int npy_is_it(const char *bytes, size_t size)
{
    return size >= NPY_MAGIC_BYTES && memcmp(bytes, NPY_MAGIC, NPY_MAGIC_BYTES) == 0;
}

int npy_open(struct npy *npy, struct input *input, struct table_error *error)
{
    int fd;
    off_t offset;
    struct stat status;
    *npy = (struct npy){.name = input->name, .dtype = LF_F64};
    if (!input_whole(input, &fd, &offset, error))
        return 0;
    if (fstat(fd, &status) != 0)
        return table_fail(error, "%s: can't read: %s", npy->name, strerror(errno));
    /* A map starts at a page; the offset is that of a standard input that was read before. */
    npy->map_size = (size_t)status.st_size;
    npy->map = mmap(NULL, npy->map_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (npy->map == MAP_FAILED) {
        npy->map = NULL;
        return table_fail(error, "%s: can't map: %s", npy->name, strerror(errno));
    }
    const char *file = (const char *)npy->map + offset;
    if (!npy_header_read(&npy->header, file, npy->map_size - (size_t)offset, npy->name, error))
        return 0;
    npy->data = file + npy->header.start;
    return 1;
}

void npy_close(struct npy *npy)
{
    if (npy->map)
        munmap(npy->map, npy->map_size);
    free(npy->wanted);
}

int npy_choose(struct npy *npy, size_t count, const size_t *columns, enum lf_dtype dtype,
               struct table_error *error)
{
    size_t *wanted = NULL;
    if (count > 0 && !(wanted = calloc(count, sizeof *wanted)))
        return table_fail_memory(error, npy->name);
    if (count > 0)
        memcpy(wanted, columns, count * sizeof *wanted);
    free(npy->wanted);
    npy->wanted = wanted;
    npy->wanted_count = count;
    npy->dtype = dtype;
    return 1;
}

void npy_read(struct npy *npy, size_t rows, void *out, size_t *got)
{
    const struct npy_header *header = &npy->header;
    size_t size = npy->dtype == LF_F32 ? sizeof(float) : sizeof(double);
    size_t left = header->rows - npy->row, row = npy->row;
    *got = rows < left ? rows : left;
    for (size_t i = 0; i < npy->wanted_count; i++) {
        size_t column = npy->wanted[i];
        size_t element =
            header->by_columns ? column * header->rows + row : row * header->columns + column;
        struct npy_column from = {
            .data = npy->data + element * header->size,
            .step = (header->by_columns ? 1 : header->columns) * header->size,
            .is_swapped = header->is_swapped,
        };
        npy_convert(header, &from, *got, npy->dtype, (char *)out + i * size, npy->wanted_count);
    }
    npy->read_at = row;
    npy->row += *got;
}

int npy_array(const struct npy *npy, struct table_array *array)
{
    const struct npy_header *header = &npy->header;
    if (header->kind != 'f' || header->is_swapped || (uintptr_t)npy->data % header->size != 0)
        return 0;
    *array = (struct table_array){
        .dtype = header->size == sizeof(float) ? LF_F32 : LF_F64,
        .data = npy->data,
        .rows = header->rows,
        .columns = header->columns,
        .row_step = header->by_columns ? 1 : (ptrdiff_t)header->columns,
        .column_step = header->by_columns ? (ptrdiff_t)header->rows : 1,
    };
    return 1;
}
