/* SPDX-License-Identifier: MIT */
/* The model file that a fit leaves. */
#include "fit.h"

#include <string.h>
#include <sys/stat.h>

int can_save(const char *path)
{
    struct lf_checkpoint *checkpoint;
    struct stat file;
    if (!can_replace(path))
        return 0;
    if (stat(path, &file) != 0 || file.st_size == 0)
        return 1;
    const lf_status status = lf_checkpoint_read(&checkpoint, path, NULL);
    lf_checkpoint_free(checkpoint);
    if (status != LF_FORMAT)
        return 1;
    complain("'%s' is there, and is no model: remove it, or save the model elsewhere", path);
    return 0;
}

/* The note of the model file; NULL when memory is out. */
static char *note_text(const struct fit *fit, const char *key, cJSON *origin)
{
    cJSON *note = cJSON_CreateObject();
    char *text = NULL;
    if (note && cJSON_AddStringToObject(note, "lanefit", lf_version()) &&
        description_to_json(&fit->description, note) && cJSON_AddItemToObject(note, key, origin)) {
        origin = NULL;
        text = exact_numbers(note) ? cJSON_PrintUnformatted(note) : NULL;
    }
    cJSON_Delete(origin);
    cJSON_Delete(note);
    return text;
}

int save_model(const struct fit *fit, const struct lf_trainer *trainer, const char *key,
               cJSON *origin)
{
    char message[LF_CHECKPOINT_MESSAGE], *note = origin ? note_text(fit, key, origin) : NULL;
    if (!note) {
        complain("out of memory for the model file");
        return 0;
    }
    const lf_status status = lf_checkpoint_write(fit->settings->save, fit->network.model, trainer,
                                                 note, strlen(note), message);
    cJSON_free(note);
    if (status != LF_OK)
        complain("%s", message);
    return status == LF_OK;
}
