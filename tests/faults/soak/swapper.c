/* Swaps what it finds in some folders for links, as fast as it can, until SIGTERM; then it says how often.

   swapper KIND TARGET FOLDER...   KIND: temporaries (files named .imgbatch-*: for good), sources (pictures: for a
   moment), folders (the FOLDERs themselves: for a moment). TARGET is where the links lead. */
#include <dirent.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static volatile sig_atomic_t over;
static long swaps;
static const char *target;

static void stop(int number) { (void)number; over = 1; }

static int is_temporary(const char *name) { return !strncmp(name, ".imgbatch-", 10); }
static int is_picture(const char *name) {
    size_t length = strlen(name);
    return length > 4 && name[0] != '.' && (!strcmp(name + length - 4, ".png") || !strcmp(name + length - 4, ".jpg"));
}

/* the link takes the name, what was there is gone */
static void replace(const char *path) {
    char link[PATH_MAX];
    snprintf(link, sizeof link, "%s.swap", path);
    if (symlink(target, link)) return;
    if (rename(link, path)) unlink(link); else swaps++;
}

/* the link has the name for a moment */
static void borrow(const char *path) {
    char away[PATH_MAX];
    snprintf(away, sizeof away, "%s.away", path);
    if (rename(path, away)) return;
    if (!symlink(target, path)) { swaps++; usleep(300); }
    struct stat now;
    if (!lstat(path, &now) && S_ISLNK(now.st_mode)) unlink(path);
    if (lstat(path, &now)) rename(away, path); else unlink(away); /* somebody has put another file there */
    usleep(300);
}

static void look(const char *folder, int temporaries) {
    DIR *entries = opendir(folder);
    struct dirent *one;
    while (entries && !over && (one = readdir(entries))) {
        char path[PATH_MAX];
        struct stat now;
        if (!(temporaries ? is_temporary(one->d_name) : is_picture(one->d_name))) continue;
        snprintf(path, sizeof path, "%.3000s/%s", folder, one->d_name);
        if (lstat(path, &now) || !S_ISREG(now.st_mode)) continue;
        if (temporaries) replace(path); else borrow(path);
    }
    if (entries) closedir(entries);
}

int main(int count, char **words) {
    if (count < 4) return 2;
    signal(SIGTERM, stop);
    target = words[2];
    while (!over)
        for (int place = 3; place < count && !over; place++) {
            if (!strcmp(words[1], "folders")) borrow(words[place]);
            else look(words[place], !strcmp(words[1], "temporaries"));
        }
    printf("%ld\n", swaps);
    return 0;
}
