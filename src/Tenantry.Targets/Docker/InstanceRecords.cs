using System.Text.Json;
using Tenantry.Model.Instances;
using Tenantry.Model.Workloads;
using Tenantry.Targets.Docker.Engine;
using Tenantry.Targets.Linux;

namespace Tenantry.Targets.Docker;

/// <summary>What changed since the containers were made and labels cannot say, since they cannot be changed.</summary>
/// <param name="WorkloadDigest">Digest of the workload that was applied last.</param>
/// <param name="Containers">The containers that it was applied to; for others the record says nothing.</param>
/// <param name="ImportCutOff">True while data is being replaced.</param>
internal sealed record InstanceRecord(string WorkloadDigest, IReadOnlyList<string> Containers, bool ImportCutOff = false)
{
    /// <summary>True when what the services have now is what it was written for: containers that are aside beside them are no longer wanted.</summary>
    internal bool IsOf(IEnumerable<ContainerSeen> containers) =>
        Containers.Count > 0 && Containers.Order(StringComparer.Ordinal).SequenceEqual(containers.Select(container => container.Id).Order(StringComparer.Ordinal), StringComparer.Ordinal);

    /// <summary>The next one: that workload was applied to what is there.</summary>
    internal static InstanceRecord After(InstanceRecord? before, InstanceWorkload workload, InstanceSeen seen) =>
        new(workload.Digest, [.. seen.Services.Values.Select(container => container.Id)], before?.ImportCutOff ?? false);
}

/// <summary>Records, one file each. One that is lost costs a pass that changes nothing.</summary>
internal sealed class InstanceRecords(string dataFolder)
{
    private readonly string _folder = Path.Combine(dataFolder, "instances");

    internal InstanceRecord? Read(InstanceRef instance)
    {
        try
        {
            return AtomicFile.ReadJson<InstanceRecord>(PathOf(instance));
        }
        catch (JsonException)
        {
            return null;
        }
    }

    internal void Write(InstanceRef instance, InstanceRecord record)
    {
        Directory.CreateDirectory(_folder);
        AtomicFile.WriteJson(PathOf(instance), record, durable: true);
    }

    internal void Remove(InstanceRef instance)
    {
        if (File.Exists(PathOf(instance)))
            File.Delete(PathOf(instance));
    }

    private string PathOf(InstanceRef instance) => Path.Combine(_folder, DockerNames.Base(instance) + ".json");
}
