#include <doctest/doctest.h>

#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <string>
#include <vector>

#include "base/json.h"
#include "docker/base64.h"
#include "docker/registry_credentials.h"
#include "model/limits.h"
#include "support/temp_directory.h"

using namespace pawl;

namespace {

constexpr const char* kUserSecret = "dXNlcjpzM2NyZXQ=";  // user:s3cret

// What the header says, as JSON.
std::string shown(const RegistryCredentials& credentials) {
  std::string text = credentials.header;
  for (char& c : text) {
    if (c == '-') c = '+';
    if (c == '_') c = '/';
  }
  const auto decoded = decode_base64(text);
  REQUIRE(decoded);
  return *decoded;
}

std::string entry(const std::string& key, const std::string& value) {
  return R"({"auths":{")" + key + "\":" + value + "}}";
}

std::string auth(const std::string& key) { return entry(key, R"({"auth":"dXNlcjpzM2NyZXQ="})"); }

}  // namespace

TEST_CASE("base64: the vectors of RFC 4648") {
  const std::vector<std::pair<const char*, const char*>> rows = {{"", ""},
                                                                 {"f", "Zg=="},
                                                                 {"fo", "Zm8="},
                                                                 {"foo", "Zm9v"},
                                                                 {"foob", "Zm9vYg=="},
                                                                 {"fooba", "Zm9vYmE="},
                                                                 {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : rows) {
    CHECK(encode_base64url(bytes) == text);
    CHECK(decode_base64(text) == bytes);
    CHECK(decode_base64(std::string(text).substr(0, std::string(text).find('='))) == bytes);
  }
  CHECK(encode_base64url("\xfb\xff\xbf") == "-_-_");
  CHECK(decode_base64("+/+/") == "\xfb\xff\xbf");
  for (const char* odd :
       {"A", "A=", "A===", "Zg=", "Zm9v=", "Zm9vY===", "Z g=", "Zg==\n", "-_-_"}) {
    CAPTURE(odd);
    CHECK_FALSE(decode_base64(odd));
  }
}

TEST_CASE("an entry counts for its own registry, in each form of its key, and for no other") {
  struct Row {
    const char* key;
    const char* registry;
    bool found;
  };
  for (const Row& row :
       std::vector<Row>{{"registry.local", "registry.local", true},
                        {"Registry.Local", "registry.local", true},
                        {"registry.local:5000", "registry.local:5000", true},
                        {"https://registry.local", "registry.local", true},
                        {"https://registry.local/", "registry.local", true},
                        {"https://registry.local/v1/", "registry.local", true},
                        {"https://registry.local:5000/v2/", "registry.local:5000", true},
                        {"http://registry.local/v2", "registry.local", true},
                        {"https://index.docker.io/v1/", "docker.io", true},
                        {"index.docker.io", "docker.io", true},
                        {"docker.io", "docker.io", true},
                        {"registry.local", "registry.local:5000", false},
                        {"registry.local:5000", "registry.local", false},
                        {"registry.local", "evil.registry.local", false},
                        {"registry.local", "registry.local.evil", false},
                        {"registry.local/tools", "registry.local", false},
                        {"https://evil/v1/registry.local", "registry.local", false},
                        {"registry.local@evil", "registry.local", false},
                        {"evil#registry.local", "registry.local", false},
                        {"*", "registry.local", false},
                        {"", "registry.local", false},
                        {"https://index.docker.io/v1/", "registry.local", false},
                        {"registry.local", "docker.io", false}}) {
    CAPTURE(row.key);
    CAPTURE(row.registry);
    const auto found = find_credentials(auth(row.key), row.registry);
    REQUIRE(found);
    CHECK(found->header.empty() != row.found);
    if (!row.found) CHECK(found->secrets.empty());
  }
  // The very name goes first.
  const auto both =
      find_credentials(R"({"auths":{"https://r.local/v1/":{"username":"old","password":"older"},)"
                       R"("r.local":{"username":"new","password":"newer"}}})",
                       "r.local");
  CHECK(shown(*both) == R"({"username":"new","password":"newer","serveraddress":"r.local"})");
}

TEST_CASE("what an entry may hold") {
  struct Row {
    const char* entry;
    const char* header;
  };
  for (const Row& row :
       std::vector<Row>{{R"({"auth":"dXNlcjpzM2NyZXQ="})",
                         R"({"username":"user","password":"s3cret","serveraddress":"r.local"})"},
                        {R"({"auth":"dXNlcjphOmI=","email":"x"})",
                         R"({"username":"user","password":"a:b","serveraddress":"r.local"})"},
                        {R"({"auth":"dXNlcjpzM2NyZXQAAA=="})",
                         R"({"username":"user","password":"s3cret","serveraddress":"r.local"})"},
                        {R"({"username":"user","password":"s3cret"})",
                         R"({"username":"user","password":"s3cret","serveraddress":"r.local"})"},
                        {R"({"username":"other","password":"x","auth":"dXNlcjpzM2NyZXQ="})",
                         R"({"username":"user","password":"s3cret","serveraddress":"r.local"})"},
                        {R"({"auth":"dXNlcjpzM2NyZXQ=","identitytoken":"t0ken"})",
                         R"({"identitytoken":"t0ken","serveraddress":"r.local"})"},
                        {R"({"identitytoken":"t0ken"})",
                         R"({"identitytoken":"t0ken","serveraddress":"r.local"})"}}) {
    CAPTURE(row.entry);
    const auto found = find_credentials(entry("r.local", row.entry), "r.local");
    REQUIRE(found);
    CHECK(shown(*found) == row.header);
  }
  CHECK(shown(*find_credentials(auth("https://index.docker.io/v1/"), "docker.io")) ==
        R"({"username":"user","password":"s3cret","serveraddress":"https://index.docker.io/v1/"})");
  for (const char* nothing : {"{}", R"({"username":"user"})", R"({"password":"s3cret"})",
                              R"({"auth":"","username":"user"})", R"({"email":"x"})"}) {
    CAPTURE(nothing);
    const auto found = find_credentials(entry("r.local", nothing), "r.local");
    REQUIRE(found);
    CHECK(found->header.empty());
    CHECK(found->helper.empty());
  }
}

TEST_CASE("a program that would have them is named, never run") {
  struct Row {
    const char* file;
    const char* helper;
  };
  for (const Row& row : std::vector<Row>{
           {R"({"credsStore":"desktop"})", "desktop"},
           {R"({"auths":{"r.local":{}},"credsStore":"desktop"})", "desktop"},
           {R"({"credHelpers":{"r.local":"pass"},"credsStore":"desktop"})", "pass"},
           {R"({"credHelpers":{"https://r.local":"pass"}})", "pass"},
           {R"({"credHelpers":{"other":"pass"}})", ""},
           {R"({"auths":{"r.local":{"auth":"dXNlcjpzM2NyZXQ="}},"credsStore":"desktop"})", ""},
           {R"({"credHelpers":3,"credsStore":{}})", ""}}) {
    CAPTURE(row.file);
    const auto found = find_credentials(row.file, "r.local");
    REQUIRE(found);
    CHECK(found->helper == row.helper);
  }
}

TEST_CASE("a broken file is said to be, without what it holds") {
  struct Row {
    std::string file;
    const char* words;
  };
  for (const Row& row : std::vector<Row>{
           {"", "is not valid JSON at byte"},
           {"{\"auths\":{\"r.local\":{\"password\":\"s3cret\"", "is not valid JSON at byte"},
           {"{\"auths\":{\"r.local\":{\"password\":\"s3cret\n\"}}}", "is not valid JSON at byte"},
           {"{\"auths\":s3cret}", "is not valid JSON at byte"},
           {"\"s3cret\"", "is no JSON object"},
           {"[]", "is no JSON object"},
           {R"({"auths":"s3cret"})", "has 'auths' that are no object"},
           {R"({"auths":{"r.local":"s3cret"}})", "its entry for r.local is no object"},
           {R"({"auths":{"r.local":{"auth":3}}})", "'auth' that is no text"},
           {R"({"auths":{"r.local":{"username":"s3cret","password":{}}}})",
            "'password' that is no text"},
           {R"({"auths":{"r.local":{"auth":"s3cret!"}}})", "no base64 of user:password"},
           {R"({"auths":{"r.local":{"auth":"czNjcmV0"}}})", "no base64 of user:password"},
           {R"({"auths":{"r.local":{"auth":"OnMzY3JldA=="}}})", "no base64 of user:password"}}) {
    CAPTURE(row.file);
    const auto found = find_credentials(row.file, "r.local");
    REQUIRE_FALSE(found);
    CHECK(found.error().kind == ErrorKind::kInvalid);
    CHECK_MESSAGE(found.error().message.find(row.words) != std::string::npos,
                  found.error().message);
    for (const char* secret : {"s3cret", "czNjcmV0", "OnMzY3JldA"}) {
      CHECK(found.error().text().find(secret) == std::string::npos);
    }
  }
  // Another registry's entry is nobody's business here.
  CHECK(find_credentials(R"({"auths":{"other":{"auth":3}}})", "r.local"));
}

TEST_CASE("a file that cannot be read is named") {
  const TempDirectory directory;
  const std::string file = directory / "registries.json";
  const auto refused = [&](const std::string& path, const char* words) {
    const auto read = read_credentials(path, "r.local");
    REQUIRE_FALSE(read);
    CHECK(read.error().kind == ErrorKind::kInvalid);
    // In the message itself: a task's failure has nothing else.
    CHECK_MESSAGE(read.error().message.find(path) != std::string::npos, read.error().message);
    CHECK_MESSAGE(read.error().message.find(words) != std::string::npos, read.error().message);
  };
  refused(file, "cannot be read: No such file");
  refused(directory.path(), "cannot be read: not a regular file");
  std::ofstream(file) << std::string(limits::kRegistryConfigBytes + 1, ' ');
  refused(file, "larger than");
  std::ofstream(file) << "{";
  refused(file, " is not valid JSON");
  // Anew each time.
  std::ofstream(file) << auth("r.local");
  CHECK_FALSE(read_credentials(file, "r.local")->header.empty());
  std::ofstream(file) << "{}";
  CHECK(read_credentials(file, "r.local")->header.empty());
}

TEST_CASE("what a registry repeats of its credentials is taken out") {
  const auto found = find_credentials(auth("r.local"), "r.local");
  REQUIRE(found);
  CHECK(without_secrets("unauthorized: s3crets3cret for user, " + std::string(kUserSecret) + " " +
                            found->header,
                        *found) == "unauthorized: ****** for user, *** ***");
  const auto quoted =
      find_credentials(entry("r.local", R"({"username":"u","password":"a\"b\\c"})"), "r.local");
  CHECK(without_secrets(R"(no a"b\\c)", *quoted) == "no ***");
  // A short one is no secret that could be told from the words.
  const auto word =
      find_credentials(entry("r.local", R"({"username":"u","password":"is"})"), "r.local");
  CHECK(without_secrets("this is it", *word) == "this is it");
  CHECK(without_secrets("nothing", RegistryCredentials{}) == "nothing");
}
