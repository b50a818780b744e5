using System.Text.RegularExpressions;
using Tenantry.Model.Instances;
using Tenantry.Targets.Abstractions;

namespace Tenantry.Targets.Local;

/// <summary>
/// Where everything is. <c>data</c> outlives a reboot; <c>run</c> does not; <c>run/memory</c> is a tmpfs, because what lies there holds
/// secrets. Both are root's alone.
/// </summary>
internal sealed partial record LocalPaths(string Data, string Run)
{
    internal string Instances => Path.Combine(Data, "instances");

    internal string Uids => Path.Combine(Data, "uids");

    internal string Builds => Path.Combine(Data, "builds");

    internal string Images => Path.Combine(Data, "images");

    internal string VolumeTemplates => Path.Combine(Data, "volume-templates");

    internal string Namespaces => Path.Combine(Run, "namespaces");

    internal string Roots => Path.Combine(Run, "roots");

    internal string Memory => Path.Combine(Run, "memory");

    internal string RuntimeState => Path.Combine(Memory, "runtime");

    internal InstancePaths Of(InstanceRef instance) => Of(instance.Id);

    internal InstancePaths Of(string id) => IdShape().IsMatch(id)
        ? new InstancePaths(this, id)
        : throw new TargetException($"\"{id}\" is not an instance id that can name a folder.", retryable: false);

    [GeneratedRegex(@"\A[a-z0-9][a-z0-9_-]{0,63}\z", RegexOptions.NonBacktracking)]
    private static partial Regex IdShape();
}

/// <summary>Where everything of one instance is.</summary>
internal sealed record InstancePaths(LocalPaths Target, string Id)
{
    private string DataName { get; init; } = "data";

    /// <summary>What outlives a reboot.</summary>
    internal string Folder => Path.Combine(Target.Instances, Id);

    internal string File => Path.Combine(Folder, "instance.json");

    /// <summary>All of its data: one folder, so that all of it can be replaced in one step.</summary>
    internal string Data => Path.Combine(Folder, DataName);

    /// <summary>The same instance with other, new data.</summary>
    internal InstancePaths Staging => this with { DataName = "data.new" };

    /// <summary>Volumes as folders, mounted or plain, by name.</summary>
    internal string Volumes => Path.Combine(Data, "volumes");

    /// <summary>File systems of volumes that have one of their own.</summary>
    internal string VolumeImages => Path.Combine(Data, "images");

    internal string Logs => Path.Combine(Folder, "logs");

    /// <summary>What holds secrets.</summary>
    internal string Memory => Path.Combine(Target.Memory, "instances", Id);

    internal string Hosts => Path.Combine(Memory, "hosts");

    internal string Resolvers => Path.Combine(Memory, "resolv.conf");

    internal string Network => Path.Combine(Target.Namespaces, $"{Id}.net");

    internal string Ipc => Path.Combine(Target.Namespaces, $"{Id}.ipc");

    internal string Uts => Path.Combine(Target.Namespaces, $"{Id}.uts");

    internal ServicePaths Service(string name) => new(this, name);
}

/// <summary>Where everything of one service is.</summary>
internal sealed record ServicePaths(InstancePaths Instance, string Name)
{
    internal string ContainerId => $"{Instance.Id}.{Name}";

    internal string Bundle => Path.Combine(Instance.Memory, "services", Name);

    internal string Config => Path.Combine(Bundle, "config.json");

    /// <summary>Secrets and rendered files, a folder for each version: what runs keeps what it was started with.</summary>
    internal string Contents => Path.Combine(Bundle, "contents");

    internal string PidFile => Path.Combine(Bundle, "pid");

    internal string RuntimeLog => Path.Combine(Bundle, "runtime.log");

    internal string State => Path.Combine(Bundle, "state.json");

    internal string RuntimeState => Path.Combine(Instance.Target.RuntimeState, ContainerId);

    internal string Output => Path.Combine(Instance.Logs, $"{Name}.out");

    internal string Error => Path.Combine(Instance.Logs, $"{Name}.err");

    internal string LogLock => Path.Combine(Instance.Logs, $"{Name}.lock");

    internal string Log => Path.Combine(Instance.Logs, $"{Name}.log");
}
