using Microsoft.Extensions.Logging;
using Tenantry.Model.Workloads;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Docker.Data;
using Tenantry.Targets.Docker.Engine;
using Tenantry.Targets.Docker.Images;
using Tenantry.Targets.Docker.Networks;
using Tenantry.Targets.Docker.Running;
using Tenantry.Targets.Linux;
using Tenantry.Targets.Releases;

namespace Tenantry.Targets.Docker;

/// <summary>What all parts of a Docker target share.</summary>
internal sealed class DockerHost : IAsyncDisposable
{
    internal DockerHost(TargetContext context, DockerTargetOptions options)
    {
        Options = options;
        Owner = context.Owner;
        Name = context.Name;
        Time = context.Time;
        Logger = context.Logger;
        Outside = new OutsideSockets(Sockets, Options.Network);
        Door = Options.Remote is { } remote ? new TlsDoor(remote, Outside) : new UnixDoor(Options.Socket);
        Engine = new EngineClient(Door);
        Reader = new InstanceReader(Engine);
        Records = new InstanceRecords(context.DataFolder);
        Removal = new ContainerRemoval(Engine);
        Carriers = new VolumeCarrier(Engine);
        Files = Options.Remote is null ? new InstanceFiles(Engine, Carriers, context.RunFolder) : new RemoteFiles(Engine, Carriers, Options.Remote.Memory);
        Images = new ImageStore(Engine, new ReleaseNotes(context.DataFolder));
        Networks = new InstanceNetworks(Engine, Options);
        Logs = new ContainerLogs(Engine);
        Health = new ServiceHealth(this);
    }

    internal string Owner { get; }

    internal string Name { get; }

    internal DockerTargetOptions Options { get; }

    internal TimeProvider Time { get; }

    internal ILogger Logger { get; }

    internal OutsideSockets Outside { get; }

    internal IEngineDoor Door { get; }

    internal IEngine Engine { get; }

    internal InstanceReader Reader { get; }

    internal IInstanceFiles Files { get; }

    internal InstanceRecords Records { get; }

    internal ContainerRemoval Removal { get; }

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
