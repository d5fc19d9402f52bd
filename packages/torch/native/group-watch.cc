#include "process-group.h"

#if defined(EDITABLE_DISTRIBUTED)
#include <thread>

namespace editable {
namespace {

constexpr const char* kVerdict = "verdict";
constexpr const char* kVerdicts = "verdicts";
constexpr const char* kHeard = "verdict-heard";
constexpr const char* kSuspected = "suspected";
constexpr const char* kFinished = "finished";
constexpr std::chrono::milliseconds kSuspectedPatience{3000};
constexpr std::chrono::milliseconds kHearing{5000};

std::string beatKey(int rank) { return "beat/" + std::to_string(rank); }

std::vector<uint8_t> bytes(const std::string& text) { return {text.begin(), text.end()}; }

// c10d's get waits for a key; this does not.
std::string read(c10d::Store& store, const std::string& key) {
  if (!store.check({key})) return {};
  const auto value = store.get(key);
  return {value.begin(), value.end()};
}

int64_t now() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(GroupWatch::Clock::now().time_since_epoch()).count();
}

}  // namespace

void GroupWatch::start(const std::shared_ptr<GroupWatch>& watch, OpenStore open) {
  watch->heard_ = now();
  watch->peers_.assign(watch->options_.size, Peer{{}, Clock::now(), false});
  std::thread([watch, open = std::move(open)] { watch->run(open); }).detach();
}

void GroupWatch::run(const OpenStore& open) {
  try {
    const auto store = open();
    for (;;) {
      turn(*store);
      std::unique_lock<std::mutex> lock(mutex_);
      if (!verdict_.empty() || allFinished_) return;
      changed_.wait_for(lock, options_.beat, [&] { return !own_.empty() || (finishing_ && !allFinished_); });
      lock.unlock();
      if (finishing_) std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  } catch (const std::exception&) {
    conclude(finishing_ ? "" : "store");
  }
}

// One look at the store: a sign of life, what others have said, who is silent.
void GroupWatch::turn(c10d::Store& store) {
  static thread_local int64_t count = 0;
  static thread_local bool toldFinish = false;
  static thread_local bool toldSuspicion = false;
  if (finishing_ && !toldFinish) {
    store.add(kFinished, 1);
    toldFinish = true;
  }
  const std::string state = toldFinish ? "finished" : std::to_string(++count);
  store.set(beatKey(options_.rank), bytes(state + ":" + std::to_string(sequence_.load())));
  if (suspected_ && !toldSuspicion) {
    store.set(kSuspected, bytes("1"));
    toldSuspicion = true;
  }
  const auto said = read(store, kVerdict);
  if (!said.empty()) {
    store.add(kHeard, 1);
    if (options_.rank == 0) untilHeard(store, said); // the store goes with it
    conclude(said);
    return;
  }
  std::string own;
  bool ask = false;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    own = own_;
    ask = askSlowest_;
  }
  if (!own.empty()) {
    announce(store, own);
    return;
  }
  // Rank 0 listens to all, the others to rank 0: so many thousand processes do not ask for each other all the time.
  const int last = options_.rank == 0 || ask ? options_.size : 1;
  if (!suspected_ && store.check({kSuspected})) suspected_ = toldSuspicion = true;
  for (int peer = 0; peer < last; peer++) {
    if (peer == options_.rank) continue;
    listen(store, peer);
    // One that has not spoken yet may still be on its way here: it is not the one that others miss.
    const auto allowed = peers_[peer].heard.empty() ? 2 * options_.lostAfter : patience();
    if (!peers_[peer].finished && Clock::now() - peers_[peer].at > allowed) {
      announce(store, "lost:" + std::to_string(peer));
      return;
    }
  }
  if (ask) {
    int64_t slowest = -1;
    for (int peer = 0; peer < options_.size && slowest < 0; peer++) {
      if (peer == options_.rank) continue;
      const auto& heard = peers_[peer].heard;
      const auto colon = heard.find(':');
      if (colon == std::string::npos || std::stoll(heard.substr(colon + 1)) < sequence_) slowest = peer;
    }
    slowest_ = slowest;
    changed_.notify_all();
  }
  if (toldFinish && store.add(kFinished, 0) >= options_.size) {
    // The one that keeps the store must be the last to go.
    if (options_.rank != 0) store.add("gone", 1);
    else for (int i = 0; i < 300 && store.add("gone", 0) < options_.size - 1; i++)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    std::lock_guard<std::mutex> lock(mutex_);
    allFinished_ = true;
    changed_.notify_all();
  }
  heard_ = now();
}

void GroupWatch::listen(c10d::Store& store, int peer) {
  const auto heard = read(store, beatKey(peer));
  auto& known = peers_[peer];
  if (heard == known.heard) return;
  known.heard = heard;
  known.at = Clock::now();
  known.finished = heard.rfind("finished", 0) == 0;
}

// The first verdict counts. Whoever announces one waits until the others have heard it, as the store may go with him.
void GroupWatch::announce(c10d::Store& store, const std::string& verdict) {
  if (store.add(kVerdicts, 1) != 1) return;
  store.set(kVerdict, bytes(verdict));
  untilHeard(store, verdict);
  conclude(verdict);
}

// All but the one that announced it say that they have heard; a lost one never does, a busy machine's take a while.
void GroupWatch::untilHeard(c10d::Store& store, const std::string& verdict) {
  const auto until = Clock::now() + kHearing;
  const int others = options_.size - 1 - (verdict.rfind("lost:", 0) == 0 ? 1 : 0);
  while (store.add(kHeard, 0) < others && Clock::now() < until)
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
}

void GroupWatch::conclude(const std::string& verdict) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (verdict.empty()) allFinished_ = true;
  else if (verdict_.empty()) verdict_ = verdict;
  changed_.notify_all();
}

std::chrono::milliseconds GroupWatch::patience() const {
  return suspected_ ? std::min(options_.lostAfter, kSuspectedPatience) : options_.lostAfter;
}

std::string GroupWatch::verdict() {
  std::lock_guard<std::mutex> lock(mutex_);
  if (verdict_.empty() && !allFinished_ && now() - heard_ > (options_.lostAfter + 2 * options_.beat).count()) verdict_ = "store";
  return verdict_;
}

void GroupWatch::fail(const std::string& verdict) {
  std::unique_lock<std::mutex> lock(mutex_);
  if (!verdict_.empty() || allFinished_) return;
  own_ = verdict;
  changed_.notify_all();
  changed_.wait_for(lock, 4 * options_.beat + kHearing, [&] { return !verdict_.empty(); });
}

bool GroupWatch::finish(std::chrono::milliseconds timeout) {
  std::unique_lock<std::mutex> lock(mutex_);
  finishing_ = true;
  changed_.notify_all();
  changed_.wait_for(lock, timeout, [&] { return !verdict_.empty() || allFinished_; });
  return allFinished_;
}

std::string GroupWatch::verdictOnBrokenConnection() {
  std::unique_lock<std::mutex> lock(mutex_);
  suspected_ = true;
  changed_.wait_for(lock, kSuspectedPatience + 4 * options_.beat + kHearing,
                    [&] { return !verdict_.empty(); });
  return verdict_;
}

int GroupWatch::slowest() {
  std::unique_lock<std::mutex> lock(mutex_);
  slowest_ = -2;
  askSlowest_ = true;
  changed_.wait_for(lock, 4 * options_.beat + std::chrono::seconds(2), [&] { return slowest_ != -2 || !verdict_.empty(); });
  askSlowest_ = false;
  return static_cast<int>(std::max<int64_t>(slowest_, -1));
}

}  // namespace editable
#endif
