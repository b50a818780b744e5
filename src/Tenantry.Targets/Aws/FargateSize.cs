using Tenantry.Targets.Abstractions;

namespace Tenantry.Targets.Aws;

/// <summary>A size that Fargate has. Source: Amazon ECS, "Task size", looked up in November 2026.</summary>
/// <param name="Cpu">1024 are one virtual processor.</param>
/// <param name="Memory">MiB.</param>
internal sealed record FargateSize(int Cpu, int Memory)
{
    private static readonly (int Cpu, int Least, int Most, int Step)[] Sizes =
    [
        (256, 512, 2048, 512), (512, 1024, 4096, 1024), (1024, 2048, 8192, 1024), (2048, 4096, 16384, 1024), (4096, 8192, 30720, 1024),
        (8192, 16384, 61440, 4096), (16384, 32768, 122880, 8192),
    ];

    /// <summary>The smallest size that has both. Throws a terminal <see cref="TargetException"/> when there is none.</summary>
    internal static FargateSize For(decimal cores, long bytes)
    {
        var units = (int)Math.Ceiling(cores * 1024);
        var memory = (int)Math.Ceiling(bytes / (1024m * 1024m));
        foreach (var (cpu, least, most, step) in Sizes.Where(size => size.Cpu >= units && size.Most >= memory))
        {
            // 512, 1024, 2048 for the smallest: its step doubles at the end.
            var taken = Math.Max(least, (memory + step - 1) / step * step);
            return new FargateSize(cpu, cpu == 256 && taken == 1536 ? 2048 : taken);
        }

        throw new TargetException($"Fargate has no size with {cores} processors and {memory} MiB; its largest has 16 and 122880.", retryable: false, fix: "Choose a smaller tier.");
    }
}
