using System.Globalization;
using Tenantry.Model.Instances;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Linux;
using Tenantry.Targets.Local.Running;
using Tenantry.Targets.Local.Volumes;

namespace Tenantry.Targets.Local;

/// <summary>Reads what an instance uses from the kernel's files.</summary>
internal sealed class InstanceMeter(LocalHost host)
{
    internal Task<InstanceStats> ReadAsync(InstanceRef instance, CancellationToken cancellationToken)
    {
        var paths = host.Paths.Of(instance);
        var file = InstanceFile.Read(paths) ?? throw new TargetException("There is no such instance here.", retryable: true, LocalResources.Instance(instance));
        var usage = host.CgroupOf(paths.Id).ReadUsage();
        var states = file.Services.Select(service => ServiceState.Read(paths.Service(service.Name))).OfType<ServiceState>().ToList();
        var network = states.FirstOrDefault(state => state.IsAlive)?.Process is { } process ? Network(process.Pid) : null;
        return Task.FromResult(new InstanceStats(
            host.Time.GetUtcNow(),
            usage.CpuSeconds,
            usage.MemoryBytes,
            usage.MemoryLimitBytes ?? file.Limits.MemoryBytes,
            usage.Pids,
            Disk(paths, file, cancellationToken),
            network?.Received,
            network?.Sent,
            states.Sum(state => state.Restarts)));
    }

    internal InstanceUsage ReadUsage(InstanceRef instance)
    {
        var paths = host.Paths.Of(instance);
        var file = InstanceFile.Read(paths) ?? throw new TargetException("There is no such instance here.", retryable: true, LocalResources.Instance(instance));
        var running = file.Services.Select(service => ServiceState.Read(paths.Service(service.Name))).FirstOrDefault(state => state?.IsAlive == true);
        return new InstanceUsage(
            host.Time.GetUtcNow(), host.CgroupOf(paths.Id).ReadUsage().CpuSeconds, running?.Process is { } process ? Network(process.Pid)?.Sent : null);
    }

    // Everything but loopback counts; without anything else there is none.
    internal static (long Received, long Sent) ParseNetwork(string text)
    {
        long received = 0, sent = 0;
        foreach (var line in text.Split('\n').Skip(2))
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon < 0 || line.AsSpan(0, colon).Trim().SequenceEqual("lo"))
                continue;
            var fields = line[(colon + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
            received += long.Parse(fields[0], CultureInfo.InvariantCulture);
            sent += long.Parse(fields[8], CultureInfo.InvariantCulture);
        }

        return (received, sent);
    }

    private static (long Received, long Sent)? Network(int pid) => ReadNetwork(pid, "dev") is { } text ? ParseNetwork(text) : null;

    /// <summary>What the kernel says of the network that a process sees, such as <c>dev</c>: its interfaces, with what went through each. Null when it ended.</summary>
    internal static string? ReadNetwork(int pid, string file)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/net/{file}");
        }
        catch (IOException)
        {
            return null;
        }
    }

    private static long Disk(InstancePaths paths, InstanceFile file, CancellationToken cancellationToken)
    {
        long sum = 0;
        foreach (var image in file.Volumes.Select(volume => volume.Image).OfType<string>().Distinct(StringComparer.Ordinal))
            sum += VolumeStore.UsedBytes(paths, image);
        foreach (var volume in file.Volumes.Where(volume => volume.Image is null))
            sum += DiskUsage.Of(VolumeStore.FolderOf(paths, volume), cancellationToken);
        return sum;
    }
}
