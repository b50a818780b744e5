using Microsoft.Extensions.Logging;
using Tenantry.Model.Workloads;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Docker.Data;
using Tenantry.Targets.Docker.Engine;
using Tenantry.Targets.Docker.Images;
using Tenantry.Targets.Docker.Networks;
using Tenantry.Targets.Docker.Running;
using Tenantry.Targets.Linux;

namespace Tenantry.Targets.Docker;

/// <summary>What all parts of a Docker target share.</summary>
internal sealed class DockerHost : IAsyncDisposable
{
    internal DockerHost(TargetContext context)
    {
        Options = DockerTargetOptions.Parse(context.Options);
        Owner = context.Owner;
        Name = context.Name;
        Time = context.Time;
        Logger = context.Logger;
        Engine = new EngineClient(Options.Socket);
        Reader = new InstanceReader(Engine);
        Files = new InstanceFiles(context.RunFolder);
        Records = new InstanceRecords(context.DataFolder);
        Carriers = new VolumeCarrier(Engine);
        Images = new ImageStore(Engine);
        Networks = new InstanceNetworks(Engine, Options);
        Logs = new ContainerLogs(Engine);
        Health = new ServiceHealth(this);
    }

    internal string Owner { get; }

    internal string Name { get; }

    internal DockerTargetOptions Options { get; }

    internal TimeProvider Time { get; }

    internal ILogger Logger { get; }

    internal IEngine Engine { get; }

    internal InstanceReader Reader { get; }

    internal InstanceFiles Files { get; }

    internal InstanceRecords Records { get; }

    internal VolumeCarrier Carriers { get; }

    internal ImageStore Images { get; }

    internal InstanceNetworks Networks { get; }

    internal ContainerLogs Logs { get; }

    internal ServiceHealth Health { get; }

    internal NamespaceSockets Sockets { get; } = new();

    /// <summary>How an instance's containers are made.</summary>
    internal DockerContainers ContainersOf(InstanceWorkload workload) => new(workload, Options, Files.Of(workload.Ref));

    public ValueTask DisposeAsync()
    {
        Sockets.Dispose();
        Networks.Dispose();
        return Engine.DisposeAsync();
    }
}
