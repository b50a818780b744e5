using System.Runtime.InteropServices;

namespace Tenantry.Bench;

/// <summary>The core on which the calling thread runs (sched_setaffinity(2)).</summary>
internal static partial class ThisThread
{
    public static void RunOn(int core)
    {
        Span<ulong> mask = stackalloc ulong[16];
        mask[core / 64] = 1UL << (core % 64);
        if (Set(0, (nuint)(mask.Length * sizeof(ulong)), mask) != 0)
            throw new InvalidOperationException($"This thread cannot be kept on core {core}.");
    }

    [LibraryImport("libc", EntryPoint = "sched_setaffinity")]
    private static partial int Set(int thread, nuint size, ReadOnlySpan<ulong> mask);
}
