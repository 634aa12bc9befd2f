// Actors that tests put in the place of real ones. What a test does not care for has to be taken all the
// same, since CAF wants every message of an interface handled; nobody should have to list it.
#pragma once
#include <caf/replies_to.hpp>
#include <caf/typed_actor.hpp>
#include <caf/typed_behavior.hpp>
#include <tuple>
#include <type_traits>
#include <utility>

namespace troupe::testing {

namespace stand_in_parts {

template <class Inputs, class Handler>
inline constexpr bool takes =
    std::is_same_v<Inputs,
                   typename caf::detail::tl_map<typename caf::detail::get_callable_trait<Handler>::arg_types,
                                                std::decay>::type>;

// What takes messages of one kind and does nothing, in a tuple; an empty tuple when one of the handlers takes
// them.
template <class Signature, class... Handlers>
struct remaining;
template <class... In, class... Out, class... Handlers>
struct remaining<caf::typed_mpi<caf::detail::type_list<In...>, caf::output_tuple<Out...>>, Handlers...> {
  static auto make() {
    if constexpr ((takes<caf::detail::type_list<In...>, Handlers> || ...))
      return std::tuple<>();
    else if constexpr ((std::is_void_v<Out> && ...))
      return std::make_tuple([](const In&...) {});
    else
      return std::make_tuple([](const In&...) { return std::tuple_element_t<0, std::tuple<Out...>>(); });
  }
};

template <class Behavior, class... Signatures, class... Handlers>
Behavior complete(caf::detail::type_list<Signatures...>, Handlers... handlers) {
  return std::apply(
      [](auto... all) { return Behavior(std::move(all)...); },
      std::tuple_cat(std::make_tuple(std::move(handlers)...), remaining<Signatures, Handlers...>::make()...));
}

} // namespace stand_in_parts

// A behaviour of a Role, which is a caf::typed_actor: messages that no handler is given for are taken without
// effect, and questions among them are answered with an empty answer.
template <class Role, class... Handlers>
typename Role::behavior_type stand_in(Handlers... handlers) {
  return stand_in_parts::complete<typename Role::behavior_type>(typename Role::signatures(),
                                                                std::move(handlers)...);
}

} // namespace troupe::testing
