using System.Text.Json;
using Tenantry.Model.Instances;

namespace Tenantry.Targets.Local;

/// <summary>Finds instances by what is left of them.</summary>
internal static class OwnedInstances
{
    internal static IReadOnlyList<InstanceRef> List(LocalPaths paths, string owner)
    {
        var found = new List<InstanceRef>();
        foreach (var folder in Directory.EnumerateDirectories(paths.Instances))
        {
            var id = Path.GetFileName(folder);
            if (id.StartsWith('.'))
                continue;
            var instance = RefOf(paths.Of(id)) ?? new InstanceRef(id, id, owner);
            if (instance.Owner == owner)
                found.Add(instance);
        }

        return found;
    }

    // A folder whose file cannot be read lies in this target's own folder: it is nobody else's.
    private static InstanceRef? RefOf(InstancePaths paths)
    {
        try
        {
            return InstanceFile.Read(paths)?.Ref;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
