#include "exec/container_spec.h"

#include <doctest/doctest.h>

#include <memory>

#include "exec/worker_pool.h"

using namespace pawl;

namespace {

RunAttempt example_order() {
  auto pipeline = std::make_shared<Pipeline>();
  pipeline->name = "nightly";
  Task task;
  task.id = "dump";
  task.image = "registry.local/pg:16";
  task.command = {"${{ not this one }}"};
  task.env = {{"PGHOST", "${{ not this one }}"}};
  task.cpus_milli = 500;
  task.memory_bytes = 1 << 28;
  task.pids = 100;
  task.network = "bridge";
  task.read_only = false;
  task.user = "1000";
  pipeline->tasks = {Task{}, task};
  RunAttempt order;
  order.key = AttemptKey{RunId{42}, 1, 3};
  order.definition = pipeline;
  order.params = {{"level", "full"}, {"dry_Run", "false"}};
  order.env = {{"PGHOST", "db"}, {"PAWL_TASK", "forged"}, {"PGHOST", "last"}};
  order.command = {"pg_dump", "-f", "x"};
  return order;
}

}  // namespace

TEST_CASE("a task as a container, field by field") {
  ContainerSpec spec = container_spec("0123456789ab", example_order());
  CHECK(spec.name == "pawl-0123456789ab-42-dump-3");
  CHECK(spec.labels == Labels{{"dev.pawl.instance", "0123456789ab"},
                              {"dev.pawl.run", "42"},
                              {"dev.pawl.pipeline", "nightly"},
                              {"dev.pawl.task", "dump"},
                              {"dev.pawl.task_index", "1"},
                              {"dev.pawl.attempt", "3"}});
  CHECK(spec.image == "registry.local/pg:16");
  CHECK(spec.command == std::vector<std::string>{"pg_dump", "-f", "x"});
  CHECK(spec.env == Variables{{"PGHOST", "last"},
                              {"PAWL_TASK", "dump"},
                              {"PAWL_RUN_ID", "42"},
                              {"PAWL_PIPELINE", "nightly"},
                              {"PAWL_ATTEMPT", "3"},
                              {"PAWL_WORKSPACE", "/workspace"},
                              {"PAWL_PARAM_LEVEL", "full"},
                              {"PAWL_PARAM_DRY_RUN", "false"}});
  CHECK(spec.cpus_milli == 500);
  CHECK(spec.memory_bytes == 1 << 28);
  CHECK(spec.pids == 100);
  CHECK(spec.network == "bridge");
  CHECK(spec.user == "1000");
  CHECK_FALSE(spec.read_only);
  CHECK(spec.mounts.empty());
  CHECK(spec.join_network.empty());

  complete(spec, "pawl-0123456789ab-42", "sandbox1", "engine1");
  CHECK(spec.join_network == "sandbox1");
  CHECK(spec.labels["dev.pawl.engine"] == "engine1");
  REQUIRE(spec.mounts.size() == 1);
  CHECK(spec.mounts[0].kind == Mount::Kind::kVolume);
  CHECK(spec.mounts[0].source == "pawl-0123456789ab-42");
  CHECK(spec.mounts[0].target == "/workspace");
  CHECK_FALSE(spec.mounts[0].read_only);
  CHECK(spec.mounts[0].labels ==
        Labels{{"dev.pawl.instance", "0123456789ab"}, {"dev.pawl.run", "42"}});
}

TEST_CASE("an instance of a matrix, a hook, and a task with outputs know what they are") {
  RunAttempt order = example_order();
  auto pipeline = std::make_shared<Pipeline>(*order.definition);
  Task& task = pipeline->tasks[1];
  task.id = "build[eu,3.11]";
  task.base = "build";
  task.matrix = {{"region", "eu"}, {"py-version", "3.11"}};
  task.outputs = {"version"};
  order.definition = pipeline;
  order.run_status = "failed";
  const ContainerSpec spec = container_spec("0123456789ab", order);
  CHECK(spec.name == "pawl-0123456789ab-42-build_eu_3.11_.T1-3");
  CHECK(spec.labels.at("dev.pawl.task") == "build[eu,3.11]");
  const std::map<std::string, std::string> env(spec.env.begin(), spec.env.end());
  CHECK(env.at("PAWL_TASK") == "build[eu,3.11]");
  CHECK(env.at("PAWL_MATRIX_REGION") == "eu");
  CHECK(env.at("PAWL_MATRIX_PY_VERSION") == "3.11");
  CHECK(env.at("PAWL_RUN_STATUS") == "failed");
  CHECK(env.at("PAWL_OUTPUT") == "/run/pawl/output");
  const ContainerSpec plain = container_spec("0123456789ab", example_order());
  for (const auto& [name, value] : plain.env) {
    CHECK(name != "PAWL_RUN_STATUS");
    CHECK(name != "PAWL_OUTPUT");
  }
}

TEST_CASE("a task's variable is added or changed, pawl's own are not") {
  ContainerSpec spec = container_spec("0123456789ab", example_order());
  set_task_variable(spec, "PGHOST", "changed");
  set_task_variable(spec, "NEW", "added");
  set_task_variable(spec, "PAWL_TASK", "forged");
  const std::map<std::string, std::string> env(spec.env.begin(), spec.env.end());
  CHECK(env.at("PGHOST") == "changed");
  CHECK(env.at("NEW") == "added");
  CHECK(env.at("PAWL_TASK") == "dump");
}

TEST_CASE("names obey Docker's rule, and different tasks have different ones") {
  const AttemptKey key{RunId{18'000'000'000'000'000'000u}, 7, 4'000'000'000u};
  const AttemptKey other{key.run, 8, key.attempt};
  const std::string lengthy(200, 'a');
  for (const std::string& id :
       std::vector<std::string>{"plain.id_1-x", "build[eu/west]", "ü b", lengthy}) {
    CAPTURE(id);
    const std::string name = container_name("0123456789ab", key, id);
    CHECK(name.size() <= 128);
    for (const char c : name) {
      CHECK((std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '.' || c == '-'));
    }
  }
  CHECK(container_name("i", key, "plain") == container_name("i", other, "plain"));
  CHECK(container_name("i", key, "a/b") != container_name("i", other, "a?b"));
  CHECK(container_name("i", key, lengthy + "1") != container_name("i", other, lengthy + "2"));
  // An id that needs no replacement cannot look like one that did.
  CHECK(container_name("i", key, "a[b]") == container_name("i", key, "a_b_.T7"));
  CHECK_FALSE(is_valid_name("a_b_.T7"));
}

TEST_CASE("labels lead back to the attempt, for this instance only") {
  const RunAttempt order = example_order();
  const Labels labels = container_spec("0123456789ab", order).labels;
  CHECK(attempt_of(labels, "0123456789ab") == order.key);
  CHECK_FALSE(attempt_of(labels, "ffffffffffff"));
  CHECK_FALSE(attempt_of({}, "0123456789ab"));
  CHECK_FALSE(attempt_of({}, ""));
  for (const char* name : {"dev.pawl.run", "dev.pawl.task_index", "dev.pawl.attempt"}) {
    CAPTURE(name);
    for (const char* value : {"", "x", "-1", "1x", "99999999999999999999999"}) {
      Labels forged = labels;
      forged[name] = value;
      CHECK_FALSE(attempt_of(forged, "0123456789ab"));
    }
    Labels cut = labels;
    cut.erase(name);
    CHECK_FALSE(attempt_of(cut, "0123456789ab"));
  }
}
