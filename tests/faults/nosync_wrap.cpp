// F2's control: the agent with MDB_NOSYNC, of which the power cut test must say that it loses acknowledged commits. Built
// from the release's own objects; the linker's --wrap=mdb_env_open puts this in the store's way, so that what
// ships has no switch for it.
#include <lmdb.h>

extern "C" {
// The names are the linker's.
int __real_mdb_env_open(MDB_env* env, const char* path, unsigned flags, mdb_mode_t mode);
int __wrap_mdb_env_open(MDB_env* env, const char* path, unsigned flags, mdb_mode_t mode);

int __wrap_mdb_env_open(MDB_env* env, const char* path, unsigned flags, mdb_mode_t mode) {
  return __real_mdb_env_open(env, path, flags | MDB_NOSYNC, mode);
}
}
