#include "unit/agent/agent_fixture.h"

using namespace pawl;
using namespace pawl::test;

namespace {

struct World {
  FakeStore store;
  FakeEngine engine;
  FakeGit git;
};

}  // namespace

TEST_CASE("a waiting sync returns once its pull is in force") {
  World world;
  world.git.set(revision("c1", kTwoTasks));
  AgentLife agent(world.store, world.engine, world.git);
  const auto state = agent.control().sync("fleet", true);
  REQUIRE(state);
  CHECK(state->revision == "c1");
  CHECK(state->pipelines == 1);
  CHECK(agent.control().snapshot()->pipelines->size() == 1);
  CHECK(agent.control().sync("elsewhere", true).error().kind == ErrorKind::kNotFound);
}

TEST_CASE("the first pull after a start reads everything, later ones ask for what is new") {
  World world;
  world.git.set(revision("c1", kTwoTasks));
  {
    AgentLife agent(world.store, world.engine, world.git);
    REQUIRE(agent.control().sync("fleet", true));
    REQUIRE(agent.control().sync("fleet", true));
  }
  AgentLife agent(world.store, world.engine, world.git);
  const std::size_t before = world.git.known().size();
  REQUIRE(agent.control().sync("fleet", true));
  const auto known = world.git.known();
  CHECK(known.front().empty());
  CHECK(known[1] == "c1");
  bool read_everything = false;
  for (std::size_t i = before == 0 ? 0 : before - 1; i < known.size(); ++i) {
    read_everything = read_everything || known[i].empty();
  }
  CHECK(read_everything);
}

TEST_CASE("a broken file keeps its last good pipelines, and its problems are told") {
  World world;
  world.git.set(revision("c1", kTwoTasks));
  AgentLife agent(world.store, world.engine, world.git);
  REQUIRE(agent.control().sync("fleet", true));
  world.git.set(revision("c2", "name: p\ntasks: 7\n"));
  const auto state = agent.control().sync("fleet", true);
  REQUIRE(state);
  CHECK(state->revision == "c2");
  REQUIRE(state->problems.size() == 1);
  CHECK(state->problems[0].file == "p.yaml");
  CHECK(state->problems[0].line == 2);
  REQUIRE(agent.control().snapshot()->pipelines->size() == 1);
  CHECK(agent.control().snapshot()->pipelines->front()->tasks.size() == 2);
}

TEST_CASE(
    "a pipeline that the policy refuses is named as refused, and its last good version goes on") {
  World world;
  world.git.set(revision("c1", kTwoTasks));
  AgentLife agent(world.store, world.engine, world.git);
  REQUIRE(agent.control().sync("fleet", true));
  world.git.set(revision("c2", "name: p\ntasks: [{id: a, image: 'image:1', privileged: true}]\n"));
  const auto state = agent.control().sync("fleet", true);
  REQUIRE(state);
  REQUIRE(state->problems.size() == 1);
  REQUIRE(state->elsewhere.size() == 1);
  CHECK(state->elsewhere[0].pipeline == "p");
  CHECK(state->elsewhere[0].refused);
  CHECK(state->elsewhere[0].why.starts_with("line 2: a privileged task is not allowed"));
  REQUIRE(agent.control().snapshot()->pipelines->size() == 1);
  CHECK(agent.control().snapshot()->pipelines->front()->tasks.size() == 2);
}

TEST_CASE("a pull that fails is the answer of a waiting sync, and changes no pipeline") {
  World world;
  world.git.set(revision("c1", kTwoTasks));
  AgentLife agent(world.store, world.engine, world.git);
  REQUIRE(agent.control().sync("fleet", true));
  world.git.fail(Error{ErrorKind::kUnavailable, "no route to host", "fleet"});
  const auto state = agent.control().sync("fleet", true);
  REQUIRE_FALSE(state);
  CHECK(state.error().message.find("no route to host") != std::string::npos);
  CHECK(agent.control().snapshot()->pipelines->size() == 1);
  CHECK(agent.control().snapshot()->sources->front().revision == "c1");
}
