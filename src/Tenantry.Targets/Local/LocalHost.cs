using Microsoft.Extensions.Logging;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Linux;
using Tenantry.Targets.Linux.Cgroups;
using Tenantry.Targets.Local.Bundles;
using Tenantry.Targets.Local.Networks;
using Tenantry.Targets.Local.Roots;
using Tenantry.Targets.Local.Running;
using Tenantry.Targets.Local.Volumes;

namespace Tenantry.Targets.Local;

/// <summary>This machine, as the parts of the target use it.</summary>
internal sealed class LocalHost : IAsyncDisposable
{
    private readonly TargetContext _context;
    private int _disposed;

    internal LocalHost(TargetContext context, LocalTargetOptions options, LocalProtections protections, string? hostNetwork)
    {
        _context = context;
        HostNetwork = hostNetwork;
        Options = options;
        Protections = protections;
        Paths = new LocalPaths(context.DataFolder, context.RunFolder);
        Locks = new InstanceLocks(Path.Combine(Paths.Run, "locks"), context.Time);
        Layout = CgroupLayout.Detect();
        Uids = new UidRanges(Paths.Uids, options.FirstUid, options.LastUid);
        Roots = new RootStore(Paths, new ImageStore(Paths.Images, context.Time), context.Time);
        Volumes = new VolumeStore(Paths, context.Time);
        Logs = new Logs.ServiceLogs(options, context.Time, context.Logger);
        Egress = new EgressHub(Paths, Sockets, protections, hostNetwork);
        Builds = new Builds.BuildStore(this);
        Kept = new KeptReleases(this);
        Launcher = new Launcher(Paths, Layout, Exits, Time);
        Exec = new ExecRunner(this, Launcher);
        Health = new HealthWatch(this, new HealthProbe(Sockets, Exec));
        Chores = new Chores(this);
        Runner = new ServiceRunner(this, Launcher, Logs);
    }

    internal string Name => _context.Name;

    internal string Owner => _context.Owner;

    internal TimeProvider Time => _context.Time;

    internal ILogger Logger => _context.Logger;

    internal LocalTargetOptions Options { get; }

    internal LocalProtections Protections { get; }

    /// <summary>A namespace that stands in for the host's network in tests; null: the host's.</summary>
    internal string? HostNetwork { get; }

    internal LocalPaths Paths { get; }

    internal CgroupLayout Layout { get; }

    internal UidRanges Uids { get; }

    internal RootStore Roots { get; }

    internal VolumeStore Volumes { get; }

    internal EgressHub Egress { get; }

    /// <summary>The instance's number: no two of a target have the same.</summary>
    internal int NumberOf(InstanceFile file) => (int)((file.FirstUid - Options.FirstUid) / LocalBundle.IdsPerInstance);

    internal Builds.BuildStore Builds { get; }

    internal KeptReleases Kept { get; }

    internal Data.DataUsers DataUsers { get; } = new();

    /// <summary>What may be handed on to instances.</summary>
    internal Machine Machine { get; } = Machine.Read();

    internal Logs.ServiceLogs Logs { get; }

    internal ExitWatch Exits { get; } = new();

    internal NamespaceSockets Sockets { get; } = new();

    internal InstanceLocks Locks { get; }

    internal Notices Notices { get; } = new();

    internal Launcher Launcher { get; }

    internal ExecRunner Exec { get; }

    internal HealthWatch Health { get; }

    internal ServiceRunner Runner { get; }

    internal Chores Chores { get; }

    /// <summary>True when volumes get file systems of their own.</summary>
    internal bool UsesLoop => Options.Volumes switch
    {
        _ when !Protections.DiskLimit => false,
        VolumeMode.Loop => true,
        VolumeMode.Folder => false,
        _ => VolumeStore.CanLoop,
    };

    internal CgroupTree CgroupOf(string instanceId) => new(Layout, $"{Options.Cgroup}/{instanceId}");

    /// <summary>The limits that the kernel is told.</summary>
    internal CgroupLimits LimitsOf(InstanceFile file)
    {
        var limits = file.CgroupLimits;
        if (!Protections.MemoryLimit)
            limits = limits with { MemoryBytes = long.MaxValue / 2 };
        return Protections.PidsLimit ? limits : limits with { Pids = 4_000_000 };
    }

    /// <summary>Makes the folders of the target and takes up what runs already.</summary>
    internal void Start()
    {
        Subreaper.Enable();
        foreach (var folder in (string[])[Paths.Data, Paths.Run, Paths.Instances])
        {
            Directory.CreateDirectory(folder);
            File.SetUnixFileMode(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        InstanceMemory.EnsureMounted(Paths);
        foreach (var cutOff in Directory.EnumerateDirectories(Paths.Instances, ".*"))
            Directory.Delete(cutOff, recursive: true);
        foreach (var folder in Directory.EnumerateDirectories(Paths.Instances))
            TakeUp(Paths.Of(Path.GetFileName(folder)));
        Chores.Start();
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        await Chores.DisposeAsync();
        await Runner.DisposeAsync();
        await Health.DisposeAsync();
        Logs.Dispose();
        Exits.Dispose();
        Sockets.Dispose();
        Egress.Dispose();
    }

    private void TakeUp(InstancePaths paths)
    {
        try
        {
            if (InstanceFile.Read(paths) is not { } file)
                return;
            Uids.Restore(paths.Id, file.FirstUid);
            Runner.Adopt(paths, file);
            foreach (var service in file.Services)
                Health.Follow(paths, service);
            Kept.Adopt(file);
        }
        catch (Exception error) when (error is IOException or TargetException)
        {
            Logger.LogError(error, "Instance {Instance} could not be taken up", paths.Id);
        }
    }
}
