using System.Globalization;

namespace Tenantry.Bench;

/// <summary>
/// Which cores a program may run on. What is measured has one half of the machine and what asks and answers it the other: the kernel otherwise packs
/// a chain of programs that wake each other onto one core, or does not, as it happens (seen here with `perf sched`: five threads on one core, the other idle).
/// </summary>
internal static class Cores
{
    private static readonly int Half = Math.Max(1, Environment.ProcessorCount / 2);

    /// <summary>For the load and the upstream.</summary>
    public static string Load { get; } = List(0, Half);

    /// <summary>For what is measured.</summary>
    public static string Measured { get; } = List(Environment.ProcessorCount > 1 ? Half : 0, Environment.ProcessorCount);

    public static string All { get; } = List(0, Environment.ProcessorCount);

    /// <summary>All threads of the programs, and of those that they started.</summary>
    public static async Task KeepAsync(IEnumerable<int> processes, string cores, CancellationToken cancellationToken)
    {
        foreach (var id in processes.SelectMany(id => Programs.Tree(id, "")))
            await Programs.RunAsync("taskset", ["-apc", cores, id.ToString(CultureInfo.InvariantCulture)], cancellationToken);
    }

    private static string List(int from, int to) => string.Join(',', Enumerable.Range(from, to - from));
}
