/* The protocol of a replication group, small enough to look at all of it: ballots, promises, what a new leader
 * adopts, accepting, committing, learning, restarts, and one change of the configuration. docs/model.md says
 * what is modelled how, what was left out and why that is sound, and how many states there are.
 *
 * It begins with a group at work: member 0 leads in ballot 1, and its no-op, at index 0, is known to be chosen.
 *
 * Members 0 and 1 are storage replicas, 2 is a log replica (it votes and never campaigns), and 3 is a storage
 * replica that takes the seat of member 1. Ballots are 1 .. BALLOTS; whoever campaigns takes any that is
 * free and above its promise, so that every order of (round, member) pairs occurs. Log indexes are
 * 1 .. INDEXES.
 *
 * A value is named by the ballot that proposed it first, its birth: at one index a ballot gives birth to one
 * value, and it stands on one log. So (index, birth) is what the link of an entry is in the program: equal
 * values at an index mean equal logs up to there. The value that the birth's log has one below is the
 * entry's previous link.
 *
 * Messages are not kept as such. Whatever was sent can be received at any later time, any number of times, in
 * any order, or never; so it is enough to remember what was ever said. All that a receiver does on one message
 * is one step, in which persisting comes before speaking.
 *
 * What a member knows to be chosen is not kept either. At any time it may know of any prefix of its log that
 * is chosen in fact: it may have been told, and a restart may have made it forget.
 */

#ifndef BALLOTS
#define BALLOTS 3
#endif
#ifndef INDEXES
#define INDEXES 3
#endif
#define MEMBERS 4

#define AT(m, i) ((m) * INDEXES + (i) - 1)   /* the slot of a member, or of a ballot, at an index */

/* --- acceptors: durable --------------------------------------------------------------------------------- */
byte promised[MEMBERS];
byte bal[MEMBERS * INDEXES];            /* the ballot in which an entry was accepted; 0: none */

/* --- ballots: what was ever said in them ---------------------------------------------------------------- */
#define FREE 0
#define PREPARING 1
#define LEADING 2
#define DEPOSED 3                       /* its owner has promised a later one; what was sent remains */
byte phase[BALLOTS + 1];
byte owner[BALLOTS + 1];
byte granted[BALLOTS + 1];              /* while preparing: a bit for each member that promised */
byte best[(BALLOTS + 1) * INDEXES];     /* while preparing: the highest ballot of an entry in promises */
byte prop[(BALLOTS + 1) * INDEXES];     /* the leader's log, which its Accepts carry; none in 0 */
byte birth_of_change[BALLOTS + 1];      /* the index at which it gave birth to a configuration entry, or 0 */
byte acked[(BALLOTS + 1) * INDEXES];    /* a bit for each member that accepted it here; 0 once chosen */

/* --- what was chosen: accepted by a quorum in one ballot ------------------------------------------------ */
byte chosen[INDEXES + 1];               /* the value; slot 0 is not used */
byte known[MEMBERS];                    /* m may know its log to be chosen up to here; follows from the rest */

hidden byte x;
hidden byte y;
hidden byte v;

/* One below an index, kept within the arrays. */
#define DOWN(i) ((i) > 1 -> (i) - 1 : 1)
#define IS_CHANGE(v, i) ((v) != 0 && birth_of_change[v] == (i))
#define LINK(v, i) ((i) == 1 -> 0 : prop[AT(v, DOWN(i))])               /* previous link of a value */
#define LINK_IN_LEADERS_LOG(b, i) ((i) == 1 -> 0 : prop[AT(b, DOWN(i))])
#define VAL(m, i) (prop[AT(bal[AT(m, i)], i)])                          /* the value accepted there */
#define LINK_IN_LOG(m, i) ((i) == 1 -> 0 : VAL(m, DOWN(i)))

/* Whether a configuration entry stands below index i in the log of a member, or of a ballot's leader: then
 * the new configuration governs i. */
#if INDEXES == 2
#define CHANGED_IN(log, m, i) (((i) > 1 && IS_CHANGE(log(m, 1), 1)) || ((i) > 2 && IS_CHANGE(log(m, 2), 2)))
#else
#define CHANGED_IN(log, m, i) (((i) > 1 && IS_CHANGE(log(m, 1), 1)) || ((i) > 2 && IS_CHANGE(log(m, 2), 2)) || \
                               ((i) > 3 && IS_CHANGE(log(m, 3), 3)))
#endif
#define PROP(b, i) prop[AT(b, i)]
#define CHANGED(b, i) CHANGED_IN(PROP, b, i)
#define CHANGED_AT(m, i) CHANGED_IN(VAL, m, i)

/* Quorums: two of the three voters of the configuration. */
#define HAS(mask, m) (((mask) >> (m)) & 1)
#define OLD_QUORUM(mask) (HAS(mask, 0) + HAS(mask, 1) + HAS(mask, 2) >= 2)
#define NEW_QUORUM(mask) (HAS(mask, 0) + HAS(mask, 3) + HAS(mask, 2) >= 2)
#define QUORUM(mask, new) ((new) -> NEW_QUORUM(mask) : OLD_QUORUM(mask))
#define MAY_LEAD(m, new) ((m) == 0 || ((m) == 1 && !(new)) || ((m) == 3 && (new)))

/* Whether these votes make b's value at i chosen: a quorum of the configuration that governs i, and for a
 * configuration entry also of the one to come. */
#ifdef BUG_CHANGE_AT_ONCE
#define ENOUGH(votes, b, i) QUORUM(votes, CHANGED(b, (i) + 1))
#else
#define ENOUGH(votes, b, i) (QUORUM(votes, CHANGED(b, i)) && (!IS_CHANGE(prop[AT(b, i)], i) || NEW_QUORUM(votes)))
#endif

#ifdef BUG_IGNORE_PROMISE
#define ALLOWED(m, b) true
#else
#define ALLOWED(m, b) (promised[m] <= b)
#endif

/* What nobody can depend on any more is zeroed, so that states which differ only there are one: votes that can
 * no longer grow to a quorum, because too many voters have promised a later ballot; and what its owner knew of
 * a ballot, once the owner has. */
#define STILL(m, b) (ALLOWED(m, b) << (m))
#define REACHABLE(b, i) (acked[AT(b, i)] | STILL(0, b) | STILL(1, b) | STILL(2, b) | STILL(3, b))

inline tidy() {
  for (x : 0 .. MEMBERS - 1) {
    known[x] = 0;
    do
    :: known[x] < INDEXES && chosen[known[x] + 1] != 0 && VAL(x, known[x] + 1) == chosen[known[x] + 1] -> known[x]++
    :: else -> break
    od
  }
  for (x : 1 .. BALLOTS) {
    if
    :: (phase[x] == PREPARING || phase[x] == LEADING) && promised[owner[x]] != x ->
       phase[x] = DEPOSED;
       owner[x] = 0;
       granted[x] = 0;
       for (y : 1 .. INDEXES) {
         best[AT(x, y)] = 0
       }
    :: else
    fi;
    if
    :: phase[x] >= LEADING ->
       for (y : 1 .. INDEXES) {
         if
         :: acked[AT(x, y)] != 0 && !(ENOUGH(REACHABLE(x, y), x, y)) -> acked[AT(x, y)] = 0
         :: else
         fi
       }
    :: else
    fi
  }
}

/* --- campaigning ---------------------------------------------------------------------------------------- */

#ifdef BUG_ADOPT_LOWEST
#define BETTER(one, other) ((one) != 0 && ((other) == 0 || (one) < (other)))
#else
#define BETTER(one, other) ((one) > (other))
#endif

/* m promises b and sends its entries; the owner takes them in. Promises that do not arrive change nothing but
 * what m will refuse, and so need no step. */
#define CAN_PROMISE(m, b) (phase[b] == PREPARING && promised[m] <= b && !HAS(granted[b], m))

inline promise(m, b) {
  promised[m] = b;
  granted[b] = granted[b] | (1 << m);
  for (y : 1 .. INDEXES) {
    if
    :: BETTER(bal[AT(m, y)], best[AT(b, y)]) -> best[AT(b, y)] = bal[AT(m, y)]
    :: else
    fi
  }
}

/* c takes a free ballot, and m is the first to promise it. Nothing that matters lies between the two: c, which
 * has promised itself, does nothing in earlier ballots until then. Which configuration it campaigns under is
 * settled when it leads. */
#define CAN_CAMPAIGN(c, m, b) (phase[b] == FREE && promised[c] < b && promised[m] < b && ((c) != 3 || MAY_BE_SEATED))
#define MAY_BE_SEATED CHANGED_AT(3, known[3] + 1)

inline campaign(c, m, b) {
  promised[c] = b;
  phase[b] = PREPARING;
  owner[b] = c;
  granted[b] = 1 << c;
  promise(m, b)
}

/* --- leading -------------------------------------------------------------------------------------------- */

/* The owner knows its log to be chosen up to k, and has the promises that the configuration there asks for. */
#define CAN_LEAD(b, k) (phase[b] == PREPARING && promised[owner[b]] == b && known[owner[b]] >= (k) && \
                        MAY_LEAD(owner[b], CHANGED_AT(owner[b], (k) + 1)) && \
                        QUORUM(granted[b], CHANGED_AT(owner[b], (k) + 1)))

#ifdef BUG_SKIP_LINK
#define UNFIT(v, i, b) false
#else
#define UNFIT(v, i, b) (LINK(v, i) != LINK_IN_LEADERS_LOG(b, i))
#endif
#ifdef BUG_ADOPT_PAST_CHANGE
#define STOPS_AT(v, i) false
#else
#define STOPS_AT(v, i) IS_CHANGE(v, i)
#endif

/* Adopts and proposes again, up to the first index that nobody has accepted, or whose value stood on another
 * log, or that follows a configuration entry. Unless it ends with one of those: its own no-op. */
inline lead(b, k) {
  phase[b] = LEADING;
  for (y : 1 .. INDEXES) {
    if
    :: y <= k -> prop[AT(b, y)] = VAL(owner[b], y)
    :: else
    fi
  }
  x = k + 1;
  do
  :: x <= INDEXES ->
     if
     :: BETTER(bal[AT(owner[b], x)], best[AT(b, x)]) -> v = VAL(owner[b], x)
     :: else -> v = prop[AT(best[AT(b, x)], x)]
     fi;
     if
     :: v == 0 -> break
     :: v != 0 && UNFIT(v, x, b) -> break
     :: else -> prop[AT(b, x)] = v
     fi;
     if
     :: STOPS_AT(v, x) -> x = INDEXES + 1
     :: else -> x++
     fi
  :: else -> break
  od;
  if
  :: x <= INDEXES -> prop[AT(b, x)] = b
  :: else
  fi;
  granted[b] = 0;
  for (y : 1 .. INDEXES) {
    best[AT(b, y)] = 0
  }
}

/* The leader proposes the next entry, at index i: it serves (its own no-op, the first value it gave birth to,
 * is chosen; that of ballot 1 was before the beginning), and no configuration entry is on its way. */
#define NOOP_CHOSEN(b, i) ((b) == 1 || (prop[AT(b, 1)] == (b) && chosen[1] == (b)) || chosen[DOWN(i)] == (b) || \
                           ((i) > 2 && prop[AT(b, 2)] == (b) && chosen[2] == (b)))
#ifdef BUG_CHANGE_AT_ONCE
#define NO_CHANGE_PENDING(b, i) true
#else
#define NO_CHANGE_PENDING(b, i) ((i) == 1 || chosen[DOWN(i)] == prop[AT(b, DOWN(i))] || \
                                 !IS_CHANGE(prop[AT(b, DOWN(i))], DOWN(i)))
#endif
#define CAN_PROPOSE(b, i) (phase[b] == LEADING && prop[AT(b, i)] == 0 && ((i) == 1 || prop[AT(b, DOWN(i))] != 0) && \
                           NOOP_CHOSEN(b, i) && NO_CHANGE_PENDING(b, i) && MAY_LEAD(owner[b], CHANGED(b, i)))

inline propose(b, i) {
  prop[AT(b, i)] = b
}

#define CAN_CHANGE(b, i) (CAN_PROPOSE(b, i) && !CHANGED(b, i))

inline change(b, i) {
  prop[AT(b, i)] = b;
  birth_of_change[b] = i
}

/* --- accepting ------------------------------------------------------------------------------------------ */

/* b's value at i is chosen. The votes for it elsewhere are no longer of interest. */
inline choose(b, i) {
#ifdef WITNESS_ADOPTED
  assert(i == 1 || prop[AT(b, i)] == b);                         /* fails: a later ballot completes another's */
#endif
#ifdef WITNESS_NEWCOMER_LEADS
  assert(phase[b] != LEADING || owner[b] != 3);                  /* fails: it leads, and gets a value chosen */
#endif
  v = prop[AT(b, i)];
  assert(prop[AT(v, i)] == v);                                   /* validity: somebody proposed it there */
  assert(i == 1 || chosen[DOWN(i)] != 0);                        /* a chosen log has no holes */
  assert(i == 1 || chosen[DOWN(i)] == LINK(v, i));               /* and is a linked prefix */
  chosen[i] = v;
  for (y : 1 .. BALLOTS) {
    if
    :: prop[AT(y, i)] == v || prop[AT(y, i)] == 0 -> acked[AT(y, i)] = 0
    :: else
    fi
  }
}

/* m's vote for b at i. */
inline count(m, b, i) {
  if
  :: chosen[i] == 0 ->
     acked[AT(b, i)] = acked[AT(b, i)] | (1 << m);
     if
     :: ENOUGH(acked[AT(b, i)], b, i) -> choose(b, i)
     :: else
     fi
  :: chosen[i] != 0 && prop[AT(b, i)] != chosen[i] ->
     acked[AT(b, i)] = acked[AT(b, i)] | (1 << m);
     assert(!(ENOUGH(acked[AT(b, i)], b, i))) /* agreement: no two values are chosen at an index */
  :: else
  fi
}

/* A leader sends to the members of the configuration in force and of the one on its way. */
#define SENT_TO(m, b, i) ((m) == 0 || (m) == 2 || ((m) == 1 && !CHANGED(b, i)) || \
                          ((m) == 3 && CHANGED(b, INDEXES + 1)))
/* Index i - 1 is known to be chosen, or held in this very ballot. */
#ifdef BUG_ACCEPT_GAPS
#define CONNECTS(m, b, i) true
#else
#define CONNECTS(m, b, i) ((i) == 1 || bal[AT(m, DOWN(i))] == b || known[m] >= (i) - 1)
#endif
#define CAN_ACCEPT(m, b, i) (phase[b] >= LEADING && prop[AT(b, i)] != 0 && ALLOWED(m, b) && \
                             SENT_TO(m, b, i) && bal[AT(m, i)] != b && CONNECTS(m, b, i))

inline accept(m, b, i) {
  if
  :: promised[m] < b -> promised[m] = b
  :: else
  fi;
#ifdef BUG_TRUNCATE_ABOVE
  if
  :: bal[AT(m, i)] != 0 ->
     for (y : 1 .. INDEXES) {
       if
       :: y > i -> bal[AT(m, y)] = 0
       :: else
       fi
     }
  :: else
  fi;
#endif
  bal[AT(m, i)] = b;
  count(m, b, i)
}

/* --- learning ------------------------------------------------------------------------------------------- */

/* m learns the entry at i from another member that knows it to be chosen, and takes its ballot over too. */
#define CAN_LEARN(m, from, i) (VAL(m, i) != chosen[i] && known[m] >= (i) - 1 && known[from] >= (i))

inline learn(m, from, i) {
  assert(LINK(VAL(from, i), i) == LINK_IN_LOG(m, i));
  bal[AT(m, i)] = bal[AT(from, i)]
}

/* What a follower commits on a leader's word must be what was chosen: its entry in the leader's ballot. */
#ifdef BUG_COMMIT_BLINDLY
#define COMMITS(m, b, i) (bal[AT(m, i)] != 0)
#else
#define COMMITS(m, b, i) (bal[AT(m, i)] == b)
#endif
#define CAN_FOLLOW(m, b, i) (phase[b] >= LEADING && promised[m] <= b && \
                             chosen[i] != 0 && prop[AT(b, i)] == chosen[i] && COMMITS(m, b, i) && \
                             VAL(m, i) != chosen[i])

inline follow(m, b, i) {
  assert(VAL(m, i) == chosen[i])
}

/* --- all of it ------------------------------------------------------------------------------------------ */

#define CAMPAIGN(c, m, b) \
  :: d_step { CAN_CAMPAIGN(c, m, b) -> campaign(c, m, b); tidy(); \
              printf("%d campaigns in ballot %d, %d promises\n", c, b, m) }
#define PROMISE(m, b) \
  :: d_step { CAN_PROMISE(m, b) -> promise(m, b); tidy(); printf("%d promises ballot %d\n", m, b) }
#define LEAD(b, k) \
  :: d_step { CAN_LEAD(b, k) -> lead(b, k); printf("ballot %d leads from %d\n", b, k) }
#define PROPOSE(b, i) \
  :: d_step { CAN_PROPOSE(b, i) -> propose(b, i); printf("ballot %d proposes at %d\n", b, i) }
#define ACCEPT(m, b, i) \
  :: d_step { CAN_ACCEPT(m, b, i) -> accept(m, b, i); tidy(); printf("%d accepts ballot %d at %d\n", m, b, i) } \
  :: d_step { CAN_FOLLOW(m, b, i) -> follow(m, b, i); printf("%d follows ballot %d at %d\n", m, b, i) }
#define LEARN(m, from, i) \
  :: d_step { CAN_LEARN(m, from, i) -> learn(m, from, i); tidy(); printf("%d learns from %d at %d\n", m, from, i) }
#ifdef NO_CHANGE
#define CHANGE(b, i)
#else
#define CHANGE(b, i) \
  :: d_step { CAN_CHANGE(b, i) -> change(b, i); printf("ballot %d proposes the change at %d\n", b, i) }
#endif

#if INDEXES == 2
#define LEADS(b) LEAD(b, 0) LEAD(b, 1) LEAD(b, 2)
#define PROPOSES(b) PROPOSE(b, 1) CHANGE(b, 1) PROPOSE(b, 2) CHANGE(b, 2)
#define ACCEPTS(m, b) ACCEPT(m, b, 1) ACCEPT(m, b, 2)
#define LEARNS(m, from) LEARN(m, from, 1) LEARN(m, from, 2)
#else
#define LEADS(b) LEAD(b, 0) LEAD(b, 1) LEAD(b, 2) LEAD(b, 3)
#define PROPOSES(b) PROPOSE(b, 1) CHANGE(b, 1) PROPOSE(b, 2) PROPOSE(b, 3) CHANGE(b, 2) CHANGE(b, 3)
#define ACCEPTS(m, b) ACCEPT(m, b, 1) ACCEPT(m, b, 2) ACCEPT(m, b, 3)
#define LEARNS(m, from) LEARN(m, from, 1) LEARN(m, from, 2) LEARN(m, from, 3)
#endif

#ifdef NO_CHANGE
#define OF_NEWCOMER(b)
#define ACCEPTS_OF_NEWCOMER(b)
#define LEARNS_OF_NEWCOMER
#else
#define OF_NEWCOMER(b) \
  CAMPAIGN(0, 3, b) CAMPAIGN(3, 0, b) CAMPAIGN(3, 2, b) PROMISE(3, b)
#define ACCEPTS_OF_NEWCOMER(b) ACCEPTS(3, b)
#define LEARNS_OF_NEWCOMER LEARNS(3, 0) LEARNS(3, 1) LEARNS(3, 2) LEARNS(0, 3) LEARNS(1, 3) LEARNS(2, 3)
#endif

#define OF_BALLOT(b) \
  CAMPAIGN(0, 1, b) CAMPAIGN(0, 2, b) CAMPAIGN(1, 0, b) CAMPAIGN(1, 2, b) \
  PROMISE(0, b) PROMISE(1, b) PROMISE(2, b) \
  LEADS(b) LEADS_ON(b) \
  OF_NEWCOMER(b)

#define LEADS_ON(b) PROPOSES(b) ACCEPTS(0, b) ACCEPTS(1, b) ACCEPTS(2, b) ACCEPTS_OF_NEWCOMER(b)

active proctype group() {
  d_step {
    promised[0] = 1;
    promised[1] = 1;
    promised[2] = 1;
    phase[1] = LEADING;
    owner[1] = 0
  }
end:
  do
  LEADS_ON(1)
  OF_BALLOT(2)
#if BALLOTS > 2
  OF_BALLOT(3)
#endif
#if BALLOTS > 3
  OF_BALLOT(4)
#endif
  LEARNS(0, 1) LEARNS(0, 2) LEARNS(1, 0) LEARNS(1, 2) LEARNS(2, 0) LEARNS(2, 1) LEARNS_OF_NEWCOMER
  od
}
