"""Applications by eBPF: programs that count in the kernel, and what loads and reads them."""
