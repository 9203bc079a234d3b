// The expression language, rule by rule of model/expression.h.
#include "model/expression.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "model/limits.h"

using namespace pawl;

namespace {

const ExpressionContext& sample() {
  static const ExpressionContext context = [] {
    ExpressionContext result;
    Result<Json> roots = Json::parse(R"({
      "params": {"level": "full", "count": 3, "ratio": 1.5, "dry": false, "whole": 1.0, "empty": ""},
      "payload": {"ref": "refs/heads/main", "commits": [{"id": "a1"}, {"id": "b2"}], "odd key": "x",
                  "labels": ["bug", 7, true, null, {"a": [1, 2], "b": 2}]},
      "tasks": {"build": {"outputs": {"version": "1.2"}, "status": "success"}},
      "env": {"NAME": "level"}})");
    REQUIRE(roots.ok());
    result.roots = roots.value();
    return result;
  }();
  return context;
}

Json value_of(const std::string& expression, const ExpressionContext& context = sample()) {
  CAPTURE(expression);
  const auto parsed = Template::parse("${{ " + expression + " }}");
  REQUIRE_MESSAGE(parsed.ok(), (parsed.ok() ? "" : parsed.error().text()));
  REQUIRE(parsed->is_single());
  const auto value = parsed->value(context);
  REQUIRE_MESSAGE(value.ok(), (value.ok() ? "" : value.error().text()));
  return *value;
}

bool holds(const std::string& expression) { return value_of(expression) == Json(true); }
bool fails(const std::string& expression) { return value_of(expression) == Json(false); }

std::string rendered(std::string_view text, const ExpressionContext& context = sample()) {
  const auto parsed = Template::parse(text);
  REQUIRE_MESSAGE(parsed.ok(), (parsed.ok() ? "" : parsed.error().text()));
  const auto result = parsed->render(context);
  REQUIRE_MESSAGE(result.ok(), (result.ok() ? "" : result.error().text()));
  return *result;
}

// What parsing says; the message alone.
std::string refusal(std::string_view text) {
  const auto parsed = Template::parse(text);
  REQUIRE_FALSE(parsed.ok());
  return parsed.error().message;
}

Error failure_of(const std::string& expression, const ExpressionContext& context = sample()) {
  CAPTURE(expression);
  const auto parsed = Template::parse("${{ " + expression + " }}");
  REQUIRE_MESSAGE(parsed.ok(), (parsed.ok() ? "" : parsed.error().text()));
  const auto value = parsed->value(context);
  REQUIRE_FALSE(value.ok());
  return value.error();
}

ExpressionContext with_payload(Json payload) {
  ExpressionContext context;
  context.roots.set("payload", std::move(payload));
  return context;
}

std::string repeated(std::string_view piece, std::size_t times) {
  std::string result;
  for (std::size_t i = 0; i < times; ++i) result += piece;
  return result;
}

}  // namespace

TEST_CASE("expression: literals") {
  CHECK(value_of("null") == Json());
  CHECK(value_of("true") == Json(true));
  CHECK(value_of("false") == Json(false));
  CHECK(value_of("0") == Json(0));
  CHECK(value_of("-12") == Json(-12));
  CHECK(value_of("1.5") == Json(1.5));
  CHECK(value_of("2e3") == Json(2000.0));
  CHECK(value_of("1E-2") == Json(0.01));
  CHECK(value_of("9223372036854775807") == Json(INT64_MAX));
  CHECK(value_of("9223372036854775808") == Json(9223372036854775808.0));
  CHECK(value_of("''") == Json(""));
  CHECK(value_of("'a''b'") == Json("a'b"));
  CHECK(value_of("''''") == Json("'"));
  CHECK(value_of("'\\d \"x\" \xc3\xa4'") == Json("\\d \"x\" \xc3\xa4"));
  CHECK(value_of("'}}'") == Json("}}"));
  CHECK(value_of("'${{ a }}'") == Json("${{ a }}"));
}

TEST_CASE("expression: paths, and null for what is not there") {
  CHECK(value_of("params.level") == Json("full"));
  CHECK(value_of("params['level']") == Json("full"));
  CHECK(value_of("params[env.NAME]") == Json("full"));
  CHECK(value_of("params[ format('{0}', env.NAME) ]") == Json("full"));
  CHECK(value_of("payload['odd key']") == Json("x"));
  CHECK(value_of("payload.commits[1].id") == Json("b2"));
  CHECK(value_of("payload.commits[1.0].id") == Json("b2"));
  CHECK(value_of("tasks . build . outputs . version") == Json("1.2"));
  for (const char* path :
       {"nothing", "nothing.at.all", "params.none", "params.none.deeper['x'][0]",
        "params.level.length", "params.count.x", "params[0]", "payload.commits[2]",
        "payload.commits[-1]", "payload.commits[0.5]", "payload.commits['0']", "payload.commits.id",
        "params[null]", "params[true]", "payload.commits[1e300]", "params[params.none]"}) {
    CAPTURE(path);
    CHECK(value_of(path).is_null());
  }
  // Words of the language are names behind a dot.
  CHECK(value_of("payload.true", with_payload(Json::object().set("true", 1))) == Json(1));
  CHECK(value_of("payload.format", with_payload(Json::object().set("format", 1))) == Json(1));
}

TEST_CASE("expression: what is true") {
  for (const char* text :
       {"true", "1", "-1", "0.1", "'a'", "'0'", "'false'", "payload.labels", "params"}) {
    CAPTURE(text);
    CHECK(holds("!!" + std::string(text)));
    CHECK(fails("!" + std::string(text)));
  }
  for (const char* text : {"false", "null", "0", "-0", "0.0", "''", "params.none"}) {
    CAPTURE(text);
    CHECK(fails("!!" + std::string(text)));
    CHECK(holds("!" + std::string(text)));
  }
  CHECK(is_true(Json::array()));
  CHECK(is_true(Json::object()));
  CHECK_FALSE(is_true(Json()));
}

TEST_CASE("expression: && and || give the operand that decided") {
  CHECK(value_of("'a' || 'b'") == Json("a"));
  CHECK(value_of("'' || 'b'") == Json("b"));
  CHECK(value_of("'' || 0 || null").is_null());
  CHECK(value_of("'a' && 'b'") == Json("b"));
  CHECK(value_of("0 && 'b'") == Json(0));
  CHECK(value_of("params.none || 'default'") == Json("default"));
  CHECK(value_of("params.dry && 'dry' || 'wet'") == Json("wet"));
  // What does not matter is not evaluated: its pattern is bad.
  CHECK(holds("true || matches('a', format('('))"));
  CHECK(fails("false && matches('a', format('('))"));
}

TEST_CASE("expression: precedence, from || down to !") {
  CHECK(value_of("1 || 0 && 0") == Json(1));
  CHECK(value_of("(1 || 0) && 0") == Json(0));
  CHECK(value_of("0 && 0 || 2") == Json(2));
  CHECK(fails("true && 1 == 2"));
  CHECK(value_of("(true && 1) == 2") == Json(false));
  CHECK(holds("1 < 2 == true"));
  CHECK(holds("false == 2 < 1"));
  CHECK(holds("!0 == true"));
  CHECK(fails("!(0 == 0)"));
  CHECK(fails("!1 < 2"));  // (false) < 2, and no number is compared with false
  CHECK(holds("1 == 1 == true"));
  CHECK(fails("3 > 2 > 1"));
  CHECK(holds("!!!0"));
  CHECK(holds("! ! 'x'"));
}

TEST_CASE("expression: equality within a type, and of numbers with texts that are numbers") {
  CHECK(holds("1 == 1.0"));
  CHECK(holds("'1' == 1"));
  CHECK(holds("1.50 == '1.5'"));
  CHECK(holds("'1e2' == 100"));
  CHECK(holds("null == null"));
  CHECK(holds("params.none == null"));
  CHECK(holds("params.count == 3"));
  CHECK(holds("params.dry == false"));
  CHECK(holds("'a' == 'a'"));
  CHECK(holds("payload.labels == payload.labels"));
  for (const char* unequal : {"'1' == '1.0'",
                              "'A' == 'a'",
                              "1 == true",
                              "0 == false",
                              "0 == null",
                              "'' == null",
                              "'' == 0",
                              "'true' == true",
                              "false == null",
                              "' 1' == 1",
                              "'01' == 1",
                              "'0x1' == 1",
                              "'1.' == 1",
                              "'.5' == 0.5",
                              "'+1' == 1",
                              "'inf' == 1",
                              "'nan' == 0",
                              "'1e999' == 1",
                              "'' == params",
                              "payload.labels == 1",
                              "payload.labels == payload.commits",
                              "9007199254740993 == 9007199254740992.0",
                              "'9007199254740993' == 9007199254740992"}) {
    CAPTURE(unequal);
    CHECK(fails(unequal));
    std::string opposite = unequal;
    opposite.replace(opposite.find("=="), 2, "!=");
    CHECK(holds(opposite));
  }
  const ExpressionContext context = with_payload(*Json::parse(
      R"({"a": {"x": 1, "y": [1, "2"]}, "b": {"y": [1.0, 2], "x": "1"}, "c": {"x": 1, "z": 1}})"));
  CHECK(value_of("payload.a == payload.b", context) == Json(true));  // whatever their order
  CHECK(value_of("payload.a == payload.c", context) == Json(false));
  CHECK(value_of("payload.c == payload.a", context) == Json(false));
}

TEST_CASE("expression: less and more, of two numbers or two texts") {
  for (const char* text :
       {"1 < 2", "2 > 1", "1 <= 1", "1 >= 1.0", "'9' < '10'", "'9' < 10", "9 < '10'", "'a' < 'b'",
        "'B' < 'a'", "'a' <= 'a'", "'a' < 'ab'", "'10' < '9a'", "'v1' >= 'v1'", "'\xc3\xa4' > 'z'",
        "params.count >= 3", "9007199254740993 > 9007199254740992.0"}) {
    CAPTURE(text);
    CHECK(holds(text));
  }
  for (const char* text : {"1 < 1", "2 < 1", "'b' <= 'a'", "null < 1", "null <= null",
                           "null >= null", "true > false", "1 < 'a'", "'a' < 1", "1 >= 'a'",
                           "payload < 1", "payload.labels <= payload.labels", "params.none > 0"}) {
    CAPTURE(text);
    CHECK(fails(text));
  }
}

TEST_CASE("expression: contains") {
  CHECK(holds("contains('abc', 'b')"));
  CHECK(holds("contains('abc', '')"));
  CHECK(fails("contains('abc', 'B')"));
  CHECK(fails("contains('abc', 'abcd')"));
  CHECK(holds("contains('v12', 1)"));
  CHECK(holds("contains(123, '2')"));
  CHECK(holds("contains('is true', true)"));
  CHECK(holds("contains(payload.labels, 'bug')"));
  CHECK(fails("contains(payload.labels, 'bu')"));
  CHECK(holds("contains(payload.labels, '7')"));
  CHECK(holds("contains(payload.labels, true)"));
  CHECK(holds("contains(payload.labels, null)"));
  CHECK(holds("contains(payload.labels, payload.labels[4])"));
  CHECK(fails("contains(payload.labels, 1)"));
  for (const char* text : {"contains(null, 'a')", "contains(null, '')", "contains('a', null)",
                           "contains('a', params.none)", "contains(params, 'level')",
                           "contains('[]', payload.labels)"}) {
    CAPTURE(text);
    CHECK(fails(text));
  }
}

TEST_CASE("expression: startsWith, endsWith and matches") {
  CHECK(holds("startsWith(payload.ref, 'refs/heads/')"));
  CHECK(fails("startsWith('ab', 'b')"));
  CHECK(fails("startsWith('a', 'ab')"));
  CHECK(holds("startsWith(123, 12)"));
  CHECK(holds("endsWith(payload.ref, '/main')"));
  CHECK(fails("endsWith('ab', 'a')"));
  CHECK(holds("endsWith('ab', '')"));
  CHECK(holds("matches('v1.22.3', '^v[0-9]+\\.[0-9]+')"));
  CHECK(holds("matches('xay', 'a')"));
  CHECK(fails("matches('xay', '^a')"));
  CHECK(holds("matches('ABC', '(?i)abc')"));
  CHECK(holds("matches('\xc3\xa4', '^.$')"));  // a character, not a byte
  CHECK(fails("matches('a\nb', '^b')"));
  CHECK(holds("matches('a\nb', '(?m)^b')"));
  CHECK(holds("matches(123, '^[0-9]+$')"));
  CHECK(holds("matches('aaa', format('a{{{0}}}', params.count))"));
  for (const char* text : {"startsWith(null, '')", "startsWith('', null)", "endsWith(null, '')",
                           "endsWith(payload, 'x')", "matches(null, '')", "matches('', null)",
                           "matches(payload.labels, '.')"}) {
    CAPTURE(text);
    CHECK(fails(text));
  }
  const Error error = failure_of("matches('a', format('(') )");
  CHECK(error.kind == ErrorKind::kInvalid);
  CHECK(error.message == "the pattern of matches is no regular expression (RE2): missing ): (");
  CHECK(failure_of("matches('\xff', format('\xff'))").kind == ErrorKind::kInvalid);
  CHECK(fails("matches('\xff', '.')"));
}

TEST_CASE("expression: format and toJSON") {
  CHECK(value_of("format('a')") == Json("a"));
  CHECK(value_of("format('{0} of {1}, {0}', 1, 'two')") == Json("1 of two, 1"));
  CHECK(value_of("format('{{0}} {{{0}}}', 'x')") == Json("{0} {x}"));
  CHECK(value_of("format('<{0}{1}{2}>', null, true, payload.commits[0])") ==
        Json("<true{\"id\":\"a1\"}>"));
  CHECK(value_of("format('{0}', '{1}')") == Json("{1}"));
  CHECK(value_of("format(params.count)") == Json("3"));
  CHECK(failure_of("format(params.x || '{1}', 'a')").message ==
        "format has {1} but only 1 value, which is {0}");
  CHECK(value_of("toJSON('a\"b')") == Json("\"a\\\"b\""));
  CHECK(value_of("toJSON(null)") == Json("null"));
  CHECK(value_of("toJSON(payload.labels)") == Json("[\"bug\",7,true,null,{\"a\":[1,2],\"b\":2}]"));
}

TEST_CASE("expression: success(), failure() and always()") {
  ExpressionContext context;
  CHECK(value_of("success()", context) == Json(true));
  CHECK(value_of("failure( )", context) == Json(false));
  context.success = false;
  context.failure = true;
  CHECK(value_of("success()", context) == Json(false));
  CHECK(value_of("failure()", context) == Json(true));
  CHECK(value_of("always()", context) == Json(true));
}

TEST_CASE("expression: values pasted into a text") {
  CHECK(rendered("level ${{ params.level }}!") == "level full!");
  CHECK(rendered("${{params.level}}${{params.count}}") == "full3");
  CHECK(rendered("[${{ params.none }}]") == "[]");
  CHECK(rendered("${{ params.ratio }} ${{ params.whole }} ${{ params.dry }}") == "1.5 1 false");
  CHECK(rendered("${{ payload.commits }}") == R"([{"id":"a1"},{"id":"b2"}])");
  CHECK(rendered("${{\n\t1 ==\r\n 1 }}") == "true");
  CHECK(rendered("${{ 'a' }}}}") == "a}}");
  CHECK(text_of(Json(0.1)) == "0.1");
  CHECK(text_of(Json(1e300)) == "1e+300");
  // The value of a text that is not one expression is the text.
  const auto parsed = Template::parse("n${{ 1 }}");
  CHECK_FALSE(parsed->is_single());
  CHECK(*parsed->value(sample()) == Json("n1"));
}

TEST_CASE("expression: what is no expression is left alone") {
  for (const char* text :
       {"", "$", "$$", "${", "$HOME ${HOME} $(x) {{ a }}", "}}", "$ {{ a }}", "$$ $", "a$"}) {
    CAPTURE(text);
    const auto parsed = Template::parse(text);
    REQUIRE(parsed.ok());
    CHECK(parsed->is_literal());
    CHECK_FALSE(parsed->is_single());
    CHECK_FALSE(parsed->is_constant());
    CHECK(*parsed->render(sample()) == text);
  }
  CHECK(rendered("$${{ a }}") == "${{ a }}");
  CHECK(rendered("$${{") == "${{");
  CHECK(rendered("$$${{") == "$${{");
  CHECK(rendered("x$${{$${{ ${{ 1 }}") == "x${{${{ 1");
  CHECK(rendered("${{ 1 }}$${{ ${{ 2 }}") == "1${{ 2");
  CHECK(rendered("${{ 1 }}$") == "1$");
  CHECK(Template::parse("$${{ not parsed")->is_literal());
}

TEST_CASE("expression: what a text says about itself") {
  const auto parsed = Template::parse(
      "${{ params.a == tasks['x y'].outputs.v }} ${{ payload.list[0][env.I].z && success() }}");
  REQUIRE(parsed.ok());
  CHECK_FALSE(parsed->is_literal());
  CHECK_FALSE(parsed->is_single());
  CHECK(parsed->asks_for_status());
  const std::vector<ExpressionPath> paths = parsed->paths();
  REQUIRE(paths.size() == 4);
  CHECK(paths[0].segments == std::vector<std::string>{"params", "a"});
  CHECK(paths[0].is_whole);
  CHECK(paths[0].offset == 4);
  CHECK(paths[1].segments == std::vector<std::string>{"tasks", "x y", "outputs", "v"});
  CHECK(paths[1].offset == 16);
  CHECK(paths[2].segments == std::vector<std::string>{"env", "I"});
  CHECK(paths[3].segments == std::vector<std::string>{"payload", "list", "0"});
  CHECK_FALSE(paths[3].is_whole);
  CHECK(Template::parse("${{ 1 == 1 }}")->is_constant());
  CHECK(Template::parse("${{ 1 == 1 }}")->is_single());
  CHECK_FALSE(Template::parse("${{ 1 }} ")->is_constant());
  CHECK_FALSE(Template::parse("${{ always() }}")->is_constant());
  CHECK_FALSE(Template::parse("${{ run.id }}")->is_constant());
  CHECK_FALSE(Template::parse("${{ matches('a', 'a') }}")->is_constant());
  CHECK_FALSE(Template::parse("${{ 'success()' }}")->asks_for_status());
}

TEST_CASE("expression: errors say what was expected and what was found") {
  const struct {
    const char* text;
    const char* message;
  } kCases[] = {
      {"${{ }}", "expected a value, found '}}'"},
      {"${{", "expected a value, found the end of the text"},
      {"${{ a", "expected an operator or '}}', found the end of the text"},
      {"${{ a }", "expected an operator or '}}', found '}'"},
      {"${{ a b }}", "expected an operator or '}}', found 'b'"},
      {"${{ a and b }}", "expected an operator or '}}', found 'and'; \"and\" is written &&"},
      {"${{ a = 1 }}", "expected an operator or '}}', found '='; \"is equal\" is written =="},
      {"${{ a & b }}", "expected an operator or '}}', found '&'; \"and\" is written &&"},
      {"${{ a | b }}", "expected an operator or '}}', found '|'; \"or\" is written ||"},
      {"${{ a == \"x\" }}", "expected a value, found '\"'; a text is written in single quotes"},
      {"${{ 'a' 'b' }}", "expected an operator or '}}', found 'b'"},
      {"${{ a == }}", "expected a value, found '}}'"},
      {"${{ == a }}", "expected a value, found '=='"},
      {"${{ (a }}", "expected an operator or ')', found '}}'"},
      {"${{ a) }}", "expected an operator or '}}', found ')'"},
      {"${{ a[0 }}", "expected an operator or ']', found '}}'"},
      {"${{ a. }}",
       "expected a name after '.' (other keys are written as in ['my key']), found '}}'"},
      {"${{ a.0 }}",
       "expected a name after '.' (other keys are written as in ['my key']), found '0'"},
      {"${{ toJSON(a).b }}", "expected an operator or '}}', found '.'"},
      {"${{ contains(a, 'b' }", "expected ')' after the arguments of contains, found '}'"},
      {"${{ contains(a 'b') }}", "expected ')' after the arguments of contains, found 'b'"},
      {"${{ contains(a,) }}", "expected a value, found ')'"},
      {"${{ contains(a) }}", "contains takes 2 values, not 1"},
      {"${{ contains(a, b, c) }}", "contains takes 2 values, not 3"},
      {"${{ toJSON() }}", "toJSON takes 1 value, not 0"},
      {"${{ success(1) }}", "success takes no value, not 1"},
      {"${{ format() }}", "format takes a text and the values that belong into it"},
      {"${{ success }}", "expected '(' after the function success, found '}}'"},
      {"${{ contain(a, b) }}", "there is no function 'contain'; did you mean 'contains'?"},
      {"${{ TOJSON(a) }}", "there is no function 'TOJSON'; did you mean 'toJSON'?"},
      {"${{ hashFiles('x') }}",
       "there is no function 'hashFiles'; there are contains, startsWith, endsWith, matches, "
       "format, toJSON, "
       "success, failure, always"},
      {"${{ 'abc }}", "this ' begins a text that does not end (a quote inside one is written '')"},
      {"${{ 1.2.3 }}", "'1.2.3' is no number"},
      {"${{ 007 }}", "'007' is no number"},
      {"${{ - }}", "'-' is no number"},
      {"${{ 1e999 }}", "'1e999' is no number"},
      {"${{ 3x }}", "'3x' is no number"},
      {"${{ \xc3\xa4 }}", "expected a value, found '\xc3\xa4'"},
      {"${{ \x01 }}", "expected a value, found '\\x01'"},
      {"${{ ${{ a }} }}", "expected a value, found '$'"},
      {"${{ matches(a, '(') }}",
       "the pattern of matches is no regular expression (RE2): missing ): ("},
      {"${{ 'a\nb' 'c\nd' }}", "expected an operator or '}}', found 'c d'"},
      {"${{ 1 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\xc3\xa4' }}",
       "expected an operator or '}}', found "
       "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa…"},
      {"${{ matches(a, '\\1') }}",
       "the pattern of matches is no regular expression (RE2): invalid escape sequence: \\1"},
      {"${{ format('{2}', a, b) }}", "format has {2} but only 2 values, from {0} on"},
      {"${{ format('{0}') }}", "format has {0} but no value"},
      {"${{ format('{x}', a) }}",
       "format has {x} where a number belongs, as in {0}; as a character '{' is written twice"},
      {"${{ format('{', a) }}", "format has a lone '{'; as a character it is written twice"},
      {"${{ format('}', a) }}", "format has a lone '}'; as a character it is written twice"},
  };
  for (const auto& known : kCases) {
    CAPTURE(known.text);
    CHECK(refusal(known.text) == known.message);
  }
}

TEST_CASE("expression: errors say where") {
  std::size_t offset = 0;
  const auto place = [&](std::string_view text) {
    const auto parsed = Template::parse(text, &offset);
    REQUIRE_FALSE(parsed.ok());
    return parsed.error().context;
  };
  CHECK(place("${{ a b }}") == "at byte 7");
  CHECK(offset == 6);
  CHECK(place("ok ${{ 1 }} ${{ nope(1) }}") == "at byte 17");
  CHECK(place("${{ a == 'x }}") == "at byte 10");
  CHECK(place("${{ a") == "at byte 6");
  CHECK(place("${{ 1 && contains(a) }}") == "at byte 10");
  const auto parsed =
      Template::parse("ab ${{ matches('', env.NAME || '') }} ${{ format(env.x || '{') }}");
  REQUIRE(parsed.ok());
  CHECK(parsed->render(sample()).error().context == "at byte 39");
}

TEST_CASE("expression: one has at most so many bytes") {
  const std::string most(limits::kExpressionBytes - 2, 'a');
  CHECK(Template::parse("${{'" + most + "'}}").ok());
  for (const std::string& text :
       {"${{'" + most + "' }}", "${{'" + most + "a'}}", "${{'" + most + most + "'}}",
        "${{ 1 " + std::string(limits::kExpressionBytes, ' ') + "}}",
        "${{" + std::string(100'000, '!') + "1}}", "${{" + std::string(100'000, 'a') + "}}"}) {
    const auto parsed = Template::parse(text);
    REQUIRE_FALSE(parsed.ok());
    CHECK(parsed.error().kind == ErrorKind::kTooLarge);
    CHECK(parsed.error().message == "an expression has at most 4096 bytes");
  }
}

TEST_CASE("expression: brackets are nested only so deep") {
  const auto nested = [](std::string_view open, std::string_view close, std::size_t depth) {
    return Template::parse("${{" + repeated(open, depth) + "1" + repeated(close, depth) + "}}");
  };
  for (const auto& [open, close] : std::vector<std::pair<const char*, const char*>>{
           {"(", ")"}, {"!(", ")"}, {"a[", "]"}, {"toJSON(", ")"}, {"1 == (1 && (", "))"}}) {
    CAPTURE(open);
    const std::size_t each =
        std::string_view(open).ends_with("((") || std::string_view(open).starts_with("1") ? 2 : 1;
    CHECK(nested(open, close, limits::kExpressionDepth / each).ok());
    const auto deeper = nested(open, close, limits::kExpressionDepth / each + 1);
    REQUIRE_FALSE(deeper.ok());
    CHECK(deeper.error().kind == ErrorKind::kTooLarge);
    CHECK(deeper.error().message == "brackets are nested deeper than 32 levels");
  }
  // As are brackets that never close. Chains are no depth.
  CHECK(Template::parse("${{" + std::string(4000, '(')).error().kind == ErrorKind::kTooLarge);
  CHECK(value_of(std::string(4001, '!') + "0") == Json(true));
  CHECK(value_of(std::string(4000, '!') + "0") == Json(false));
  CHECK(value_of(repeated("0||", 1300) + "7") == Json(7));
  CHECK(value_of(repeated("1==", 1300) + "1") == Json(false));
  CHECK(value_of("a" + repeated(".a", 2000)).is_null());
  CHECK(value_of("a" + repeated("[0]", 1300)).is_null());
}

TEST_CASE("expression: a text with thousands of them") {
  std::string text;
  std::string expected;
  for (int i = 0; i < 5000; ++i) {
    text += "${{ 1 }},";
    expected += "1,";
  }
  CHECK(rendered(text) == expected);
  CHECK_FALSE(Template::parse(repeated("${{", 100'000)).ok());
  CHECK(rendered(repeated("$${{", 10'000)) == repeated("${{", 10'000));
}

TEST_CASE("expression: values are only so large") {
  const std::string half(limits::kExpressionValueBytes / 2, 'x');
  const ExpressionContext context =
      with_payload(Json::object()
                       .set("half", half)
                       .set("whole", half + half)
                       .set("more", half + half + "x")
                       .set("list", Json::array().push(half).push(half)));
  CHECK(value_of("payload.whole", context).as_string().size() == limits::kExpressionValueBytes);
  CHECK(value_of("format('{0}{0}', payload.half)", context).as_string() == half + half);
  CHECK(value_of("contains(payload.more, 'xx')", context) == Json(true));  // looked at, not copied
  for (const char* expression :
       {"payload.more", "payload", "format('{0}{0}x', payload.half)", "format('{0}', payload.more)",
        "toJSON(payload)", "toJSON(payload.whole)", "payload.list", "toJSON(payload.list)"}) {
    CAPTURE(expression);
    const Error error = failure_of(expression, context);
    CHECK(error.kind == ErrorKind::kTooLarge);
    CHECK(error.message == "a value is larger than 64 KiB");
  }
  // Control characters are six bytes each in JSON.
  CHECK(failure_of("toJSON(payload)", with_payload(Json(std::string(20'000, '\x01')))).kind ==
        ErrorKind::kTooLarge);
  const auto twice = Template::parse("${{ payload.half }}${{ payload.half }}");
  CHECK(twice->render(context)->size() == limits::kExpressionValueBytes);
  const auto thrice = Template::parse("${{ payload.half }}${{ payload.half }}x");
  CHECK(thrice->render(context).error().kind == ErrorKind::kTooLarge);
}

TEST_CASE("expression: an evaluation takes only so many steps") {
  Json list = Json::array();
  for (int i = 0; i < 60'000; ++i) list.push(i);
  const ExpressionContext context = with_payload(Json::object()
                                                     .set("list", std::move(list))
                                                     .set("text", std::string(1'000'000, 'a'))
                                                     .set("short", std::string(60'000, 'a')));
  CHECK(value_of("contains(payload.list, 59999)", context) == Json(true));
  CHECK(value_of("matches(payload.short, 'a+b$')", context) == Json(false));
  for (const std::string& expression :
       {std::string("contains(payload.list, -1) || contains(payload.list, -2)"),
        repeated("contains(payload.text, 'ab') || ", 100) + "1",
        repeated("payload.text == payload.text && ", 100) + "1",
        std::string("matches(payload.short, '(a?){500}b')"),
        repeated("matches('a', '(ab|cd){1,1000}') || ", 110) + "1"}) {
    CAPTURE(expression.substr(0, 60));
    const Error error = failure_of(expression, context);
    CHECK(error.kind == ErrorKind::kTooLarge);
    CHECK(error.message == "the expression takes too long over values of this size");
  }
  // The parts of one text share them.
  const auto parsed =
      Template::parse("${{ contains(payload.list, -1) }} ${{ contains(payload.list, -1) }}");
  CHECK(parsed->render(context).error().kind == ErrorKind::kTooLarge);
}

TEST_CASE("expression: evaluations may share their steps") {
  const auto parsed = Template::parse("${{ matches(params.level, '^f') }}");
  std::size_t steps = 100;
  CHECK(*parsed->render(sample(), &steps) == "true");
  CHECK(steps < 80);
  CHECK(steps > 50);
  while (steps > 0) {
    const std::size_t before = steps;
    if (!parsed->render(sample(), &steps)) break;
    CHECK(steps < before);
  }
  CHECK(steps == 0);
  CHECK(parsed->render(sample(), &steps).error().kind == ErrorKind::kTooLarge);
  // No evaluation has more than its own.
  const auto slow = Template::parse("${{ matches(payload, '(a?){500}b') }}");
  steps = 10 * limits::kExpressionSteps;
  CHECK_FALSE(slow->render(with_payload(Json(std::string(60'000, 'a'))), &steps).ok());
  CHECK(steps == 9 * limits::kExpressionSteps);
}

TEST_CASE("expression: patterns are only so large") {
  CHECK(failure_of("matches('', '\\pL{1000}')").message ==
        "the pattern of matches is too large once it is compiled");
  const ExpressionContext context =
      with_payload(Json(std::string(limits::kExpressionBytes + 1, 'a')));
  CHECK(failure_of("matches('', payload)", context).message ==
        "the pattern of matches has more than 4096 bytes");
}
