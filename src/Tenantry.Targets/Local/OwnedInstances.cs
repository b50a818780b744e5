using Tenantry.Model.Instances;

namespace Tenantry.Targets.Local;

/// <summary>Finds instances by what is left of them.</summary>
internal static class OwnedInstances
{
    internal static IReadOnlyList<InstanceRef> List(LocalPaths paths, string owner)
    {
        var found = new List<InstanceRef>();
        foreach (var id in Ids(paths))
        {
            // A folder whose file cannot be read lies in this target's own folder: it is nobody else's.
            var instance = InstanceFile.ReadOrNull(paths.Of(id))?.Ref ?? new InstanceRef(id, id, owner);
            if (instance.Owner == owner)
                found.Add(instance);
        }

        return found;
    }

    /// <summary>Ids of all that have a folder here, whoever owns them.</summary>
    internal static IReadOnlyList<string> Ids(LocalPaths paths) =>
        [.. Directory.EnumerateDirectories(paths.Instances).Select(Path.GetFileName).OfType<string>().Where(id => !id.StartsWith('.'))];
}
