// Counts the bytes of every socket by the program that owns it, the scope of its peer's address, and the protocol.
//
// The owner is written into a socket when it is made, connected or accepted; every packet of the socket is added to its
// owner's account. Nothing here can stop a packet or a call: every program returns 1 (0 would drop the packet).
//
// `make bpf` compiles it into applications.bpf.o, which is what the loader reads. No header of libbpf is needed.

#include <linux/bpf.h>
#include <linux/types.h>

#define SECTION(name) __attribute__((section(name), used))
#define INLINE static inline __attribute__((always_inline))

// Helpers by their numbers in the kernel's interface (enum bpf_func_id).
static void *(*map_lookup)(void *map, const void *key) = (void *)1;
static long (*map_update)(void *map, const void *key, const void *value, __u64 flags) = (void *)2;
static __u64 (*current_pid_tgid)(void) = (void *)14;
static long (*load_bytes)(const void *skb, __u32 offset, void *to, __u32 length) = (void *)26;
static __u64 (*current_task)(void) = (void *)35;
static __u64 (*current_cgroup)(void) = (void *)80;
static struct bpf_sock *(*full_socket)(struct bpf_sock *sk) = (void *)95;
static void *(*storage_get)(void *map, void *sk, void *value, __u64 flags) = (void *)107;
static long (*read_kernel)(void *to, __u32 size, const void *from) = (void *)113;
static long (*read_user_text)(void *to, __u32 size, const void *from) = (void *)114;
static __u64 (*namespace_cookie)(void *context) = (void *)122;

// What the loader knows of this kernel; the verifier removes what a 0 makes unreachable, helper calls included.
const volatile struct {
	__u32 group_leader;   // offsets in task_struct: 0 where names may not be read (no CAP_PERFMON)
	__u32 comm;
	__u32 mm;
	__u32 arg_start;      // offset in mm_struct, arg_end follows: 0 where it is unknown
	__u64 namespace;      // the cookie of the service's own network namespace
} kernel SECTION(".rodata") = {};

enum { COMMAND = 16, WORD = 64, WORDS = 4, MOST_PARTS = 8 };
enum { IPV4 = 8 };  // ETH_P_IP as a little-endian machine reads it
enum kind { OWNED, UNKNOWN, KERNEL, OVERFLOW };
enum protocol { TCP, UDP, ICMP, OTHER };
enum scope { LOOPBACK, LAN, INTERNET };

struct identity {
	__u64 command[2];       // of the process, not of its thread; empty without CAP_PERFMON
	__u64 cgroup;
	__u64 namespace;
	__u32 process;
	__u32 arguments;        // a hash: the key of `arguments`; 0 where the command is no interpreter
};

// A new owner is written beside the one before, and then its turn comes: a packet on another CPU reads one or the other.
struct owner {
	struct identity held[2];
	__u64 peer;             // of TCP over IPv4: the address of the last packet's peer and its scope, as `known_peer` has it
	__u32 turn;             // held[turn & 1]; 0: none yet
	__u32 unused;
};

struct account {
	__u64 command[2];
	__u64 cgroup;
	__u32 process;          // 0 where the command is known: processes of one command and cgroup are one account
	__u32 arguments;
	__u8 kind, scope, protocol, in_tunnel;
	__u32 unused;
};

struct counts {
	__u64 receive_bytes, transmit_bytes, receive_packets, transmit_packets;
};

// Each is the last 63 bytes of a word, filled with zeros.
struct arguments {
	char words[WORDS][WORD];
} __attribute__((aligned(8)));

struct prefix {
	__u32 length;
	__u8 address[16];
};

struct map {
	__u32 type, key_size, value_size, max_entries, flags;
};

struct map SECTION("maps") owners = {
	BPF_MAP_TYPE_SK_STORAGE, sizeof(int), sizeof(struct owner), 0, BPF_F_NO_PREALLOC | BPF_F_CLONE,
};
struct map SECTION("maps") accounts = {
	BPF_MAP_TYPE_PERCPU_HASH, sizeof(struct account), sizeof(struct counts), 4096, BPF_F_NO_PREALLOC,
};
// Longest prefix first; IPv4 addresses as ::ffff:a.b.c.d.
struct map SECTION("maps") scopes = {
	BPF_MAP_TYPE_LPM_TRIE, sizeof(struct prefix), sizeof(__u32), 8192, BPF_F_NO_PREALLOC,
};
// The scopes of the last peers: a trie with 1,000 prefixes takes 200 ns, this 25. Prefixes do not change while it lives.
struct map SECTION("maps") peers = {
	BPF_MAP_TYPE_LRU_HASH, 16, sizeof(__u32), 4096, 0,
};
struct map SECTION("maps") tunnels = {
	BPF_MAP_TYPE_HASH, sizeof(__u32), sizeof(__u8), 256, BPF_F_NO_PREALLOC,
};
struct map SECTION("maps") interpreters = {
	BPF_MAP_TYPE_HASH, COMMAND, sizeof(__u8), 128, BPF_F_NO_PREALLOC,
};
struct map SECTION("maps") arguments = {
	BPF_MAP_TYPE_LRU_HASH, sizeof(__u32), sizeof(struct arguments), 1024, 0,
};

// Reads a word of a command line, of a long one the end, where the name of a script stands; returns its bytes, or 0.
INLINE long read_word(char *word, __u64 start)
{
	long length = read_user_text(word, WORD, (void *)start), part = length;

	if (length < WORD)
		return length < 0 ? 0 : length;
	for (int parts = 0; parts < MOST_PARTS && part == WORD; parts++) {
		part = read_user_text(word, WORD, (void *)(start + length - 1));
		if (part <= 0)
			return 0;
		length += part - 1;
	}
	if (part == WORD || read_user_text(word, WORD, (void *)(start + length - WORD)) != WORD)
		return 0;
	return length;
}

// Remembers the options and the script of an interpreter, and so many words behind that; returns the hash of them.
INLINE __u32 remember_arguments(__u64 task, __u8 further)
{
	struct arguments held = {};
	__u64 mm = 0, bounds[2] = {}, hash = 14695981039346656037ull;

	if (read_kernel(&mm, sizeof(mm), (void *)(task + kernel.mm)) || !mm ||
	    read_kernel(bounds, sizeof(bounds), (void *)(mm + kernel.arg_start)))
		return 0;
	bounds[0] += read_word(held.words[0], bounds[0]);
	__builtin_memset(&held, 0, sizeof(held));
#pragma unroll
	for (int word = 0; word < WORDS; word++) {
		char *text = held.words[word];

		// Behind the last argument is the environment.
		if (bounds[0] >= bounds[1])
			break;
		long length = read_word(text, bounds[0]);
		if (!length) {
			__builtin_memset(text, 0, WORD);
			break;
		}
		bounds[0] += length;
		int is_option = text[0] == '-' && length <= WORD;
		// What follows -c and -e is code: each text of it would be another application.
		if (is_option && text[2] == 0 && (text[1] == 'c' || text[1] == 'e'))
			break;
		if (!is_option && !further--)
			break;
	}
	for (int place = 0; place < sizeof(held) / 8; place++)
		hash = (hash ^ ((__u64 *)&held)[place]) * 1099511628211ull;
	__u32 key = hash >> 32 | 1;
	if (!map_lookup(&arguments, &key))
		map_update(&arguments, &key, &held, BPF_ANY);
	return key;
}

INLINE void describe_current(struct identity *owner, void *context)
{
	owner->cgroup = current_cgroup();
	owner->namespace = namespace_cookie(context);
	owner->process = current_pid_tgid() >> 32;
	owner->arguments = 0;
	if (!kernel.group_leader)
		return;
	__u64 task = current_task(), leader = 0;
	if (read_kernel(&leader, sizeof(leader), (void *)(task + kernel.group_leader)))
		leader = task;
	read_kernel(owner->command, COMMAND, (void *)(leader + kernel.comm));
	__u8 *further = kernel.arg_start ? map_lookup(&interpreters, owner->command) : 0;
	if (further)
		owner->arguments = remember_arguments(task, *further);
}

// held[turn & 1], by a branch: without CAP_PERFMON the verifier takes no distance that depends on the path.
INLINE struct identity *identity_at(struct owner *owner, __u32 turn)
{
	struct identity *held = &owner->held[0];

	if (turn & 1)
		asm volatile("%0 += %1" : "+r"(held) : "i"(sizeof(struct identity)));
	return held;
}

INLINE void set_owner(struct owner *owner, const struct identity *now)
{
	*identity_at(owner, owner->turn + 1) = *now;
	__sync_fetch_and_add(&owner->turn, 1);
}

INLINE int own(struct bpf_sock_addr *context)
{
	struct bpf_sock *sk = context->sk;
	struct identity now = {};

	if (!sk)
		return 1;
	describe_current(&now, context);
	struct owner *owner = storage_get(&owners, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
	if (!owner)
		return 1;
	struct identity *held = identity_at(owner, owner->turn);
	if (!owner->turn || held->process != now.process || held->cgroup != now.cgroup ||
	    held->command[0] != now.command[0] || held->command[1] != now.command[1])
		set_owner(owner, &now);
	return 1;
}

SECTION("cgroup/sock_create") int make_socket(struct bpf_sock *context)
{
	struct owner *owner = storage_get(&owners, context, 0, BPF_SK_STORAGE_GET_F_CREATE);
	struct identity now = {};

	if (!owner)
		return 1;
	describe_current(&now, context);
	set_owner(owner, &now);
	return 1;
}

SECTION("cgroup/connect4") int connect4(struct bpf_sock_addr *context) { return own(context); }
SECTION("cgroup/connect6") int connect6(struct bpf_sock_addr *context) { return own(context); }
// accept() with room for an address asks for the peer's name in the process that accepts.
SECTION("cgroup/getpeername4") int accept4(struct bpf_sock_addr *context) { return own(context); }
SECTION("cgroup/getpeername6") int accept6(struct bpf_sock_addr *context) { return own(context); }

INLINE __u8 protocol_of(__u8 number)
{
	return number == 6 ? TCP : number == 17 ? UDP : number == 1 || number == 58 ? ICMP : OTHER;
}

INLINE __u8 scope_of_peer(const struct prefix *peer)
{
	__u32 *scope = map_lookup(&peers, peer->address);
	if (scope)
		return *scope;
	scope = map_lookup(&scopes, peer);
	if (!scope)
		return INTERNET;
	map_update(&peers, peer->address, scope, BPF_ANY);
	return *scope;
}

// An address and its scope in one word, which is read and written at once; never 0.
INLINE __u64 known_peer(__u32 address, __u8 scope)
{
	return (__u64)address << 32 | 1 << 8 | scope;
}

INLINE __u8 scope_of(struct __sk_buff *skb, const struct prefix *peer, struct owner *owner, __u8 number)
{
	// Index 1 is the loopback device in every network namespace.
	if (skb->ifindex == 1)
		return LOOPBACK;
	// A connection has one peer.
	if (!owner || number != 6 || skb->protocol != IPV4)
		return scope_of_peer(peer);
	__u32 address = *(__u32 *)(peer->address + 12);
	__u64 last = owner->peer;
	__u8 scope = last;
	if (last == known_peer(address, scope))
		return scope;
	scope = scope_of_peer(peer);
	owner->peer = known_peer(address, scope);
	return scope;
}

// Headers that each segment of a packet will have again on the wire.
INLINE __u32 headers_of(struct __sk_buff *skb, __u32 network, __u8 number)
{
	__u8 words = 0;

	if (number == 17)
		return network + 8;
	if (number == 6 && !load_bytes(skb, network + 12, &words, 1))
		return network + (words >> 4) * 4;
	return network;
}

INLINE struct counts *counts_of(struct account *account)
{
	struct counts none = {}, *counts = map_lookup(&accounts, account);

	if (counts)
		return counts;
	map_update(&accounts, account, &none, BPF_NOEXIST);
	counts = map_lookup(&accounts, account);
	if (counts)
		return counts;
	// The map is full. These accounts have been there since the programs were loaded.
	__builtin_memset(account, 0, __builtin_offsetof(struct account, kind));
	account->kind = OVERFLOW;
	account->in_tunnel = 0;
	return map_lookup(&accounts, account);
}

INLINE int count(struct __sk_buff *skb, int is_transmit)
{
	struct prefix peer = {.length = 128};
	struct account account = {};
	__u8 header[40], number;
	__u32 network = 40, segments = skb->gso_segs;
	__u64 bytes = skb->len;

	if (skb->protocol == IPV4) {
		if (load_bytes(skb, 0, header, 20))
			return 1;
		network = (header[0] & 15) * 4;
		number = header[9];
		*(__u32 *)(peer.address + 8) = 0xffff0000;
		__builtin_memcpy(peer.address + 12, header + (is_transmit ? 16 : 12), 4);
	} else {
		if (load_bytes(skb, 0, header, 40))
			return 1;
		number = header[6];
		__builtin_memcpy(peer.address, header + (is_transmit ? 24 : 8), 16);
	}
	struct bpf_sock *sk = skb->sk ? full_socket(skb->sk) : 0;
	struct owner *owner = sk ? storage_get(&owners, sk, 0, 0) : 0;
	account.scope = scope_of(skb, &peer, owner, number);
	account.protocol = protocol_of(number);
	if (owner && owner->turn) {
		struct identity *held = identity_at(owner, owner->turn);
		account.command[0] = held->command[0];
		account.command[1] = held->command[1];
		account.cgroup = held->cgroup;
		account.arguments = held->arguments;
		account.process = kernel.group_leader ? 0 : held->process;
		__u32 device = skb->ifindex;
		account.in_tunnel = held->namespace == kernel.namespace && map_lookup(&tunnels, &device);
	} else {
		// The kernel answers resets and ICMP from raw sockets of its own.
		account.kind = !sk || sk->type == 3 ? KERNEL : UNKNOWN;
	}
	struct counts *counts = counts_of(&account);
	if (!counts)
		return 1;
	if (segments > 1)
		bytes += (__u64)(segments - 1) * headers_of(skb, network, number);
	else
		segments = 1;
	// Atomic, although each CPU has its own: an interrupt may send for the same owner in the middle of an addition.
	__sync_fetch_and_add(is_transmit ? &counts->transmit_bytes : &counts->receive_bytes, bytes);
	__sync_fetch_and_add(is_transmit ? &counts->transmit_packets : &counts->receive_packets, segments);
	return 1;
}

SECTION("cgroup_skb/ingress") int receive(struct __sk_buff *skb) { return count(skb, 0); }
SECTION("cgroup_skb/egress") int transmit(struct __sk_buff *skb) { return count(skb, 1); }

const char terms[] SECTION("license") = "Dual MIT/GPL";
