// The main program of every suite: PlatformIO builds it into each.
//
// PlatformIO learns of a test case by its heading, which doctest's console prints for what has passed only together
// with every single check: hundreds of megabytes where a test compares millions of samples. So a heading is printed for
// each test case here, and a check only where it fails.
#define DOCTEST_CONFIG_IMPLEMENT
#include <ostream>

#include <doctest.h>

namespace {

class Reporter : public doctest::IReporter {
 public:
  explicit Reporter(const doctest::ContextOptions& options) : out_(*options.cout) {}

  void test_case_start(const doctest::TestCaseData& test) override {
    test_ = &test;
    divide();
    out_ << test.m_file.c_str() << ":" << test.m_line << ":\nTEST CASE:  " << test.m_name << "\n"
         << std::endl;  // at once: it may be the last that is heard
  }

  void test_case_end(const doctest::CurrentTestCaseStats& end) override {
    // a failed check was said; what is left concerns the whole: its time, or that it should have failed
    if (!end.testCaseSuccess && end.numAssertsFailedCurrentTest == 0) {
      fail(test_->m_file.c_str(), test_->m_line, "ERROR") << "the test case failed as a whole\n";
    }
  }

  void test_case_exception(const doctest::TestCaseException& thrown) override {
    fail(test_->m_file.c_str(), test_->m_line, "ERROR")
        << (thrown.is_crash ? "crashed: " : "threw: ") << thrown.error_string << "\n";
    contexts();
  }

  void log_assert(const doctest::AssertData& check) override {
    if (!check.m_failed) return;
    fail(check.m_file, static_cast<unsigned>(check.m_line), doctest::failureString(check.m_at))
        << doctest::assertString(check.m_at) << "( " << check.m_expr << " ) ";
    if (check.m_threw) {
      out_ << "threw: " << check.m_exception << "\n";
    } else {
      out_ << "is not correct: " << check.m_decomp << "\n";
    }
    contexts();
  }

  void log_message(const doctest::MessageData& message) override {
    fail(message.m_file, static_cast<unsigned>(message.m_line), doctest::failureString(message.m_severity))
        << message.m_string << "\n";
    contexts();
  }

  void test_run_end(const doctest::TestRunStats& run) override {
    divide();
    out_ << "[doctest] test cases: " << run.numTestCasesPassingFilters << " | " << run.numTestCasesFailed
         << " failed\n[doctest] assertions: " << run.numAsserts << " | " << run.numAssertsFailed
         << " failed\n[doctest] Status: " << (run.numTestCasesFailed == 0 ? "SUCCESS!" : "FAILURE!") << std::endl;
  }

  void report_query(const doctest::QueryData&) override {}
  void test_run_start() override {}
  void test_case_reenter(const doctest::TestCaseData&) override {}
  void subcase_start(const doctest::SubcaseSignature& part) override { part_ = part.m_name; }
  void subcase_end() override { part_ = ""; }
  void test_case_skipped(const doctest::TestCaseData&) override {}

 private:
  void divide() { out_ << "===============================================================================\n"; }

  std::ostream& fail(const char* file, unsigned line, const char* severity) {
    if (part_.size() != 0) out_ << "in: " << part_ << "\n";
    return out_ << file << ":" << line << ": " << severity << ": ";
  }

  void contexts() {
    for (int i = 0; i < get_num_active_contexts(); ++i) {
      out_ << "  with: ";
      get_active_contexts()[i]->stringify(&out_);
      out_ << "\n";
    }
    out_.flush();  // whatever comes next may end the program
  }

  std::ostream& out_;
  const doctest::TestCaseData* test_ = nullptr;
  doctest::String part_;
};

}  // namespace

DOCTEST_REGISTER_REPORTER("platformio", 0, Reporter);

int main(int argc, char** argv) {
  doctest::Context context;
  context.setOption("no-exitcode", true);  // PlatformIO takes an exit code for a crash
  context.setOption("no-version", true);
  context.applyCommandLine(argc, argv);
  context.addFilter("reporters", "platformio");
  return context.run();
}
