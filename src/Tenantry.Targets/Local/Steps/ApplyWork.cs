using System.Runtime.InteropServices;
using Tenantry.Model.Instances;
using Tenantry.Model.Plans;
using Tenantry.Model.Workloads;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Linux;
using Tenantry.Targets.Local.Bundles;
using Tenantry.Targets.Local.Networks;
using Tenantry.Targets.Local.Roots;
using Tenantry.Targets.Local.Running;
using Tenantry.Targets.Local.Volumes;

namespace Tenantry.Targets.Local.Steps;

/// <summary>One application of one workload: what it has made so far, and how each thing is made.</summary>
internal sealed class ApplyWork
{
    private readonly LocalHost _host;
    private readonly IReadOnlyList<VolumeFile> _volumes;
    private readonly InstanceFile? _before;
    private InstanceFile? _file;
    private string? _appFolder;
    private string? _names;
    private bool _configured;

    internal ApplyWork(LocalHost host, InstanceWorkload workload)
    {
        _host = host;
        Workload = workload;
        Paths = host.Paths.Of(workload.Ref);
        _volumes = VolumePlan.For(workload, host.UsesLoop);
        _file = _before = InstanceFile.ReadOrNull(Paths);
    }

    internal InstanceWorkload Workload { get; }

    internal InstancePaths Paths { get; }

    internal InstanceFile File => _file ?? throw new InvalidOperationException("The instance has no identity yet.");

    /// <summary>The name in the workload of a volume or service.</summary>
    internal string NameOf(ResourceName resource) => resource.Name[(Workload.Ref.Slug.Length + 1)..];

    internal ServiceFile Service(string name) => FindKnown(name) ?? throw new TargetException($"It is not configured.", retryable: true, LocalResources.Service(Workload.Ref, name));

    internal ServiceFile? FindKnown(string name) => File.Services.FirstOrDefault(service => service.Name == name);

    internal void Remember(Func<InstanceFile, InstanceFile> change)
    {
        _file = change(File);
        _file.Write(Paths, durable: false);
    }

    /// <summary>Its processes are meant to be there, frozen or not.</summary>
    internal void RememberUp()
    {
        if (!File.IsUp)
            Remember(file => file with { Wanted = DesiredState.Running });
    }

    /// <summary>
    /// Writes down that the workload was applied to its end. Whether it is meant to run is no reason to wait for the disk: after a loss of power nothing runs, and the core says what is to.
    /// </summary>
    internal void Finish()
    {
        var written = _file;
        _file = File with { Digest = Workload.Digest, Attempted = Workload.Digest, Labels = Workload.Labels, Release = Workload.Release.Id, Build = Workload.Release.Build?.Key, EntryPort = Workload.EntryPort, RestartNonce = Workload.RestartNonce, Wanted = Wanted, Services = [.. File.Services.Select(service => service with { FormerRoot = null })] };
        var isAsBefore = _before is not null && _file.SaysTheSame(_before with { Wanted = _file.Wanted });
        if (!isAsBefore || !_file.SaysTheSame(written!))
            _file.Write(Paths, durable: !isAsBefore);
    }

    internal async Task EnsureReleaseAsync(Action<string> progress, CancellationToken cancellationToken)
    {
        if (_appFolder is not null || Workload.Release.Build is not { } build)
            return;
        _host.Kept.AddBuild(Workload.Release.Id, build.Key);
        _appFolder = await _host.Builds.EnsureAsync(Workload.Release, progress, cancellationToken);
    }

    /// <summary>The folder, the range of user ids and the file that says so.</summary>
    internal void EnsureIdentity()
    {
        if (_file is not null)
            return;
        var file = new InstanceFile
        {
            Ref = Workload.Ref,
            Labels = Workload.Labels,
            FirstUid = _host.Uids.Claim(Paths.Id),
            Attempted = Workload.Digest,
            RestartNonce = Workload.RestartNonce,
            Wanted = Wanted,
            Limits = Workload.Limits,
            Egress = Workload.Egress,
        };

        // The folder never exists without its file.
        var temporary = new InstancePaths(Paths.Target with { Data = Paths.Target.Data }, $".new-{Paths.Id}");
        Directory.CreateDirectory(temporary.Folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        file.Write(temporary, durable: true);
        if (Directory.Exists(Paths.Folder))
            Directory.Delete(temporary.Folder, recursive: true);
        else
            Directory.Move(temporary.Folder, Paths.Folder);
        AtomicFile.SyncFolder(Paths.Target.Instances);
        // Also where a loss of power left one that says nothing.
        if (InstanceFile.ReadOrNull(Paths) is null)
            file.Write(Paths, durable: true);
        _file = file;
    }

    internal async Task EnsureVolumeAsync(string name, CancellationToken cancellationToken)
    {
        EnsureIdentity();
        var volume = _volumes.FirstOrDefault(volume => volume.Name == name);
        if (volume is null)
            return;
        await _host.Volumes.EnsureAsync(Paths, volume, File.FirstUid, cancellationToken, File.Volumes.FirstOrDefault(known => known.Name == name)?.SizeBytes);
        Remember(file => file with { Volumes = [.. file.Volumes.Where(known => known.Name != name), volume] });
    }

    internal async Task EnsureNetworkAsync(CancellationToken cancellationToken)
    {
        EnsureIdentity();
        var member = File.Services.Select(service => ServiceState.Read(Paths.Service(service.Name))).FirstOrDefault(state => state?.IsAlive == true)?.Process?.Pid;
        InstanceNetwork.Ensure(Paths, Workload.Ref.Slug, Several, member);
        if (Workload.Egress.Mode == EgressMode.None && File.Egress.Mode != EgressMode.None)
            await _host.Egress.RemoveAsync(_host.NumberOf(File), cancellationToken);
        if (!SameEgress(File.Egress, Workload.Egress))
            Remember(file => file with { Egress = Workload.Egress, EgressIsBegun = true });
        await EnsureEgressAsync(cancellationToken);
        if (File.EgressIsBegun)
            Remember(file => file with { EgressIsBegun = false });
    }

    internal void EnsureLimits()
    {
        EnsureIdentity();
        if (File.Limits != Workload.Limits)
            Remember(file => file with { Limits = Workload.Limits });
        _host.CgroupOf(Paths.Id).Apply(_host.LimitsOf(File), [.. Workload.Services.Select(service => service.Name)]);
    }

    /// <summary>Everything that a service's container is made from, for every service that has it not or another.</summary>
    internal async Task EnsureConfigurationAsync(Action<string> progress, CancellationToken cancellationToken)
    {
        if (_configured)
            return;
        await EnsureReleaseAsync(progress, cancellationToken);
        EnsureIdentity();
        foreach (var volume in _volumes.Where(volume => !VolumeStore.IsReady(Paths, volume)))
            await EnsureVolumeAsync(volume.Name, cancellationToken);
        if (_names is null)
            await EnsureEgressAsync(cancellationToken);
        var services = new List<ServiceFile>();
        foreach (var service in Workload.Services)
        {
            var digest = ServiceDigest.Of(Workload, service, _host.Options);
            var known = FindKnown(service.Name);
            var current = known is not null && known.Digest == digest && InstanceMemory.ReadConfigDigest(Paths.Service(service.Name)) == known.ConfigDigest;
            services.Add(current ? known! : await ConfigureAsync(service, digest, cancellationToken));
        }

        _configured = true;
        Remember(file => file with
        {
            Services = services,
            EntryPort = Workload.EntryPort,
            Attempted = Workload.Digest,
            RestartNonce = Workload.RestartNonce,
            Wanted = Wanted,
            Digest = file.Digest == Workload.Digest ? file.Digest : null,
        });
    }

    internal async Task EnsureSurroundingsAsync(Action<string> progress, CancellationToken cancellationToken)
    {
        if (_configured)
            return;
        EnsureIdentity();
        if (!InstanceNetwork.IsWhole(Paths, Several))
            await EnsureNetworkAsync(cancellationToken);
        EnsureLimits();
        await EnsureConfigurationAsync(progress, cancellationToken);
    }

    private async Task EnsureEgressAsync(CancellationToken cancellationToken)
    {
        _names = Workload.Egress.Mode == EgressMode.None ? "" : await _host.Egress.EnsureAsync(Paths, _host.NumberOf(File), Workload.Egress, isAgain: false, cancellationToken);
        InstanceMemory.WriteHosts(Paths, Workload.Ref.Slug, _names);
        if (Workload.Egress.Mode == EgressMode.Internet)
            InstanceMemory.WriteResolvers(Paths, Resolvers.Read());
    }

    private DesiredState Wanted => Workload.Desired == DesiredState.Frozen ? DesiredState.Running : Workload.Desired;

    private bool Several => Workload.Services.Count > 1;

    private async Task<ServiceFile> ConfigureAsync(ServiceWorkload service, string digest, CancellationToken cancellationToken)
    {
        var own = Paths.Service(service.Name);
        var (user, group) = LocalBundle.UserOf(service.User);
        var contents = InstanceMemory.Write(own, digest, service, Workload.Secrets, File.FirstUid + user, File.FirstUid + group);
        var input = new BundleInput
        {
            InstanceId = Paths.Id,
            Owner = Workload.Ref.Owner,
            Service = service,
            HostName = Workload.Ref.Slug,
            FirstUid = File.FirstUid,
            Root = BundleRoot.Nothing,
            AppFolder = _appFolder,
            SecretsFolder = contents.Secrets,
            Files = [new Shown(Paths.Hosts, "/etc/hosts"), .. Workload.Egress.Mode == EgressMode.Internet ? [new Shown(Paths.Resolvers, "/etc/resolv.conf")] : Array.Empty<Shown>(), .. contents.Files],
            Volumes = [.. service.Volumes.Select(volume => new Shown(VolumeStore.FolderOf(Paths, _volumes.First(planned => planned.Name == volume.Name)), volume.Path))],
            CgroupView = CgroupView(),
            NetworkNamespace = _host.Protections.Network ? Paths.Network : _host.HostNetwork,
            IpcNamespace = Several && _host.Protections.Ipc ? Paths.Ipc : null,
            UtsNamespace = Several ? Paths.Uts : null,
            CgroupPath = null,
            TmpBytes = _host.Options.TmpBytes,
            OpenFiles = _host.Machine.OpenFiles,
            OomScore = _host.Machine.OomScore,
            Architecture = RuntimeInformation.ProcessArchitecture,
            Protections = _host.Protections,
        };
        var request = new RootRequest(service.Name, service.Root, SourcePath(service.Root), service.User);
        var (key, root) = await _host.Roots.PrepareAsync(request, LocalBundle.Places(input), cancellationToken);
        _host.Kept.AddImageOf(Workload.Release.Id, key);
        var known = FindKnown(service.Name);
        return new ServiceFile
        {
            Name = service.Name,
            Digest = digest,
            Runtime = ServiceDigest.RuntimeOf(Workload, _host.Options),
            User = user,
            Group = group,
            Ports = service.Ports,
            Health = service.Health ?? FirstPortAnswers(service),
            StopSignal = service.StopSignal,
            StopGrace = service.StopGrace,
            DependsOn = service.DependsOn,
            Root = key,
            FormerRoot = known?.FormerRoot ?? (known?.Root == key ? null : known?.Root),
            ConfigDigest = InstanceMemory.WriteConfig(own, LocalBundle.Build(input with { Root = root })),
        };
    }

    // Without a check, a service that listens is healthy when it does.
    private static HealthWorkload? FirstPortAnswers(ServiceWorkload service) => service.Ports.Count == 0
        ? null
        : new HealthWorkload(null, service.Ports[0].Number, null, TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(5), 3, TimeSpan.FromMinutes(1));

    // The release comes from the store, which faces the world: whatever it says, this engine reads nothing but what was sent with it.
    private string SourcePath(RootSource root) => root.StaysInside()
        ? RootedPath.ResolveOnHost(_appFolder ?? Workload.Release.SourceFolder, root.Path)
        : throw new TargetException($"Its root file system at {root.Path} is not in its release.", retryable: false, LocalResources.Instance(Workload.Ref));

    private IReadOnlyList<Shown> CgroupView()
    {
        var cgroup = _host.CgroupOf(Paths.Id);
        if (_host.Layout.Version == Linux.Cgroups.CgroupVersion.Two)
            return cgroup.FolderOf("memory") is { } all ? [new Shown(all, "/sys/fs/cgroup")] : [];
        var view = new List<Shown>();
        foreach (var controller in (string[])["memory", "cpu"])
        {
            if (cgroup.FolderOf(controller) is { } folder)
                view.Add(new Shown(folder, $"/sys/fs/cgroup/{controller}"));
        }

        return view;
    }

    private static bool SameEgress(EgressRules one, EgressRules other) => one.Mode == other.Mode && one.Allow.SequenceEqual(other.Allow, StringComparer.Ordinal);
}
