// Where the actors of a node run. With threads of CAF's scheduler to spare they run there. Without (a node
// that has no core to give away) they run on the thread that reads and writes the sockets: a request is then
// received, worked on and answered without a hand-over between threads, which costs more than most of the
// work does (docs/decisions/013-one-thread.md). What blocks never runs here: see `caf::detached` in
// actors/disk.
#pragma once
#include <caf/actor_system.hpp>
#include <caf/io/middleman.hpp>
#include <utility>

namespace troupe::kit {

// Whether roles of this system share the I/O thread: what node_config was told with threads = 0.
bool on_io_thread(const caf::actor_system& system);

// An actor that is resumed by the multiplexer, whoever sends to it. For CAF it is a resumable like any other:
// the multiplexer runs what calls itself a function object on its own thread, and hands actors to the
// scheduler.
template <class Impl>
class io_bound final : public Impl {
public:
  explicit io_bound(caf::actor_config& cfg) : Impl(cfg), io_(this->home_system().middleman().backend()) {}

  using Impl::enqueue;
  void enqueue(caf::mailbox_element_ptr what, caf::execution_unit*) override {
    Impl::enqueue(std::move(what), &io_);
  }
  caf::resumable::subtype_t subtype() const override { return caf::resumable::function_object; }

private:
  caf::io::network::multiplexer& io_;
};

// system.spawn(role, xs...) for a role that never blocks.
template <class F, class... Ts>
caf::infer_handle_from_fun_t<F> spawn(caf::actor_system& system, F role, Ts&&... xs) {
  if (!on_io_thread(system))
    return system.spawn(role, std::forward<Ts>(xs)...);
  using impl = caf::infer_impl_from_fun_t<F>;
  caf::detail::init_fun_factory<impl, F> factory;
  caf::actor_config cfg{&system.middleman().backend()};
  cfg.init_fun = factory(std::move(role), std::forward<Ts>(xs)...);
  return system.spawn_impl<io_bound<impl>, caf::no_spawn_options>(cfg);
}

} // namespace troupe::kit
