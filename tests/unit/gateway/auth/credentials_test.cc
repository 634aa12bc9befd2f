#include "actors/gateway/auth/credentials.h"
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sys/stat.h>

using namespace troupe::auth;

namespace {

std::string trouble_with(std::string_view text) {
  const auto out = read_credentials(text, "keys");
  EXPECT_EQ(out.credentials.size(), 0u);
  return out.trouble;
}

struct temporary_file {
  std::filesystem::path path;
  temporary_file(std::string_view text, mode_t mode) {
    std::string name = std::filesystem::temp_directory_path() / "troupe-keys-XXXXXX";
    const int fd = ::mkstemp(name.data());
    EXPECT_EQ(::write(fd, text.data(), text.size()), static_cast<ssize_t>(text.size()));
    ::fchmod(fd, mode);
    ::close(fd);
    path = name;
  }
  ~temporary_file() { std::filesystem::remove(path); }
};

} // namespace

TEST(credentials, are_read_as_the_cli_writes_them) {
  const auto out = read_credentials("# people\n"
                                    "[default]\r\n"
                                    "aws_access_key_id = AKIDONE\n"
                                    "aws_secret_access_key=se/cr+et=\n"
                                    "region = eu-central-1\n"
                                    "\n"
                                    "; machines\n"
                                    "[ reports ]\n"
                                    "aws_secret_access_key = two\n"
                                    "aws_access_key_id = AKIDTWO",
                                    "keys");
  EXPECT_EQ(out.trouble, "");
  ASSERT_EQ(out.credentials.size(), 2u);
  EXPECT_EQ(out.credentials.find("AKIDONE")->secret, "se/cr+et=");
  EXPECT_EQ(out.credentials.find("AKIDTWO")->name, "reports");
  EXPECT_EQ(out.credentials.find("AKIDTHREE"), nullptr);
}

TEST(credentials, mistakes_are_named_with_their_line) {
  EXPECT_EQ(trouble_with("[a]\naws_access_key_id = X\n"), "keys:1: section a has no aws_secret_access_key");
  EXPECT_EQ(trouble_with("[a]\naws_secret_access_key = X\n"), "keys:1: section a has no aws_access_key_id");
  EXPECT_EQ(trouble_with("aws_access_key_id = X\n"), "keys:1: a setting stands before the first [name]");
  EXPECT_EQ(trouble_with("\n[a\n"), "keys:2: a section is written [name]");
  EXPECT_EQ(trouble_with("[a]\nhello\n"), "keys:2: neither [name] nor NAME = VALUE");
  EXPECT_EQ(trouble_with("[a]\naws_session_token = x\n"),
            "keys:2: temporary keys with a session token are not known here");
  EXPECT_EQ(trouble_with("[a]\naws_access_key_id=K\naws_secret_access_key=1\n[b]\naws_access_key_id=K\n"
                         "aws_secret_access_key=2\n"),
            "keys:4: access key K stands in an earlier section already");
  EXPECT_NE(trouble_with("[a]\naws_access_key_id = a/b\naws_secret_access_key = s\n"), "");
}

TEST(credentials, a_file_that_others_may_read_is_refused) {
  const std::string text = "[a]\naws_access_key_id = K\naws_secret_access_key = s\n";
  const temporary_file ours(text, 0600);
  EXPECT_EQ(load_credentials(ours.path).trouble, "");
  EXPECT_EQ(load_credentials(ours.path).credentials.find("K")->secret, "s");
  const temporary_file open(text, 0644);
  EXPECT_NE(load_credentials(open.path).trouble.find("chmod o="), std::string::npos);
  const temporary_file empty("", 0600);
  EXPECT_NE(load_credentials(empty.path).trouble.find("has no aws_access_key_id"), std::string::npos);
  EXPECT_NE(load_credentials("no/such/file").trouble.find("No such file"), std::string::npos);
  EXPECT_NE(load_credentials(".").trouble, "");
}
