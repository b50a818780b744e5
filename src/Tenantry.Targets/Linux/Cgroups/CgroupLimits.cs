using System.Globalization;

namespace Tenantry.Targets.Linux.Cgroups;

/// <summary>Limits of a group and everything below it.</summary>
/// <param name="MemoryBytes">Memory; nothing of it is swapped out.</param>
/// <param name="Cpu">Cores.</param>
/// <param name="CpuWeight">Its share when CPU is scarce: 1 is an ordinary one's.</param>
/// <param name="Pids">Processes and threads.</param>
public sealed record CgroupLimits(long MemoryBytes, decimal Cpu, decimal CpuWeight, int Pids)
{
    /// <summary>One setting: the file that holds it in its group's folder, and its text.</summary>
    /// <param name="Controller">The controller's name.</param>
    /// <param name="File">The file's name.</param>
    /// <param name="Value">Its text.</param>
    /// <param name="Optional">True when a machine without that file is all right.</param>
    public sealed record Setting(string Controller, string File, string Value, bool Optional = false);

    private const int PeriodMicroseconds = 100_000;
    private static readonly long Page = Environment.SystemPageSize;

    /// <summary>What is to be written, in that order.</summary>
    public IReadOnlyList<Setting> Settings(CgroupVersion version) => version == CgroupVersion.Two
        ?
        [
            new("memory", "memory.max", Text(RoundedMemory)),
            new("memory", "memory.swap.max", "0", Optional: true),
            new("memory", "memory.oom.group", "0", Optional: true),
            new("cpu", "cpu.max", $"{Text(Quota)} {Text(PeriodMicroseconds)}"),
            new("cpu", "cpu.weight", Text(Math.Clamp((long)(CpuWeight * 100), 1, 10_000))),
            new("pids", "pids.max", Text(Pids)),
        ]
        :
        [
            new("memory", "memory.limit_in_bytes", Text(RoundedMemory)),
            new("memory", "memory.memsw.limit_in_bytes", Text(RoundedMemory), Optional: true),
            new("memory", "memory.swappiness", "0", Optional: true),
            new("cpu", "cpu.cfs_period_us", Text(PeriodMicroseconds)),
            new("cpu", "cpu.cfs_quota_us", Text(Quota)),
            new("cpu", "cpu.shares", Text(Math.Clamp((long)(CpuWeight * 1024), 2, 262_144))),
            new("pids", "pids.max", Text(Pids)),
        ];

    private long RoundedMemory => Math.Max(MemoryBytes / Page * Page, Page);

    // The kernel takes no quota under a millisecond.
    private long Quota => Math.Max((long)(Cpu * PeriodMicroseconds), 1000);

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
