// Who of a group is alive: each process gives signs of life in the store, from a thread of its own, and reads the verdict.
#pragma once
#include <torch/csrc/distributed/c10d/Store.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace editable {

struct WatchOptions {
  int rank;
  int size;
  std::chrono::milliseconds beat;       // between two signs of life
  std::chrono::milliseconds lostAfter;  // without one, a process counts as lost
};

// Verdicts are short codes: "lost:2", "slow:2:17", "failed:2:reason", "store"; JavaScript makes sentences of them.
class GroupWatch : public std::enable_shared_from_this<GroupWatch> {
 public:
  using Clock = std::chrono::steady_clock;
  using OpenStore = std::function<c10::intrusive_ptr<c10d::Store>()>;

  explicit GroupWatch(WatchOptions options) : options_(options) {}

  // The thread is never joined: it may hang in a connection that was cut, and the process must end all the same.
  static void start(const std::shared_ptr<GroupWatch>& watch, OpenStore open);

  // The verdict, or nothing while all is well.
  std::string verdict();
  // Tells the group why this process ends; returns when the others have heard it, or after a while.
  void fail(const std::string& verdict);
  // This process has come to the end of its work; returns when all have, or with false after `timeout`.
  bool finish(std::chrono::milliseconds timeout);
  // A connection broke: whoever is silent now counts as lost sooner. Waits for the verdict.
  std::string verdictOnBrokenConnection();
  // Counts collectives, by which a slow process is told from a waiting one.
  void began() { sequence_ += 1; }
  // Of those that are behind this process the first; -1: none.
  int slowest();

 private:
  struct Peer {
    std::string heard;
    Clock::time_point at;
    bool finished = false;
  };

  void run(const OpenStore& open);
  void turn(c10d::Store& store);
  void listen(c10d::Store& store, int peer);
  void announce(c10d::Store& store, const std::string& verdict);
  void untilHeard(c10d::Store& store, const std::string& verdict);
  void conclude(const std::string& verdict);
  std::chrono::milliseconds patience() const;

  const WatchOptions options_;
  std::vector<Peer> peers_;
  std::atomic<int64_t> sequence_{0};
  std::atomic<bool> suspected_{false};
  std::atomic<bool> finishing_{false};
  std::atomic<int64_t> slowest_{-2};
  std::atomic<int64_t> heard_{0};  // when the store answered last, in milliseconds of the clock
  std::mutex mutex_;
  std::condition_variable changed_;
  std::string verdict_;
  std::string own_;  // what this process wants to tell
  bool allFinished_ = false;
  bool askSlowest_ = false;
};

}  // namespace editable
