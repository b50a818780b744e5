using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Tenantry.Model.Workloads;
using Tenantry.Targets.Docker.Images;

namespace Tenantry.Targets.Docker.Compose;

/// <summary>
/// An image made of a service's own in which the folders of volumes belong to its user. The engine gives a new volume to whom the image's folder belongs
/// to, or to root, who is nobody in these containers; Compose has no other word for it.
/// </summary>
/// <param name="Name">Its name; equal for all tenants that can share it.</param>
/// <param name="Folder">Where its Dockerfile lies, relative to the Compose file.</param>
/// <param name="Dockerfile">How it is made.</param>
internal sealed record ComposeImage(string Name, string Folder, string Dockerfile)
{
    private const int Digits = 16;

    /// <summary>The folder that volumes begin as.</summary>
    internal string Empty => $"{Folder}/empty";

    /// <summary>The image of a service, or null when it has no volume.</summary>
    internal static ComposeImage? Of(InstanceWorkload workload, ServiceWorkload service, string folder)
    {
        if (service.Volumes.Count == 0)
            return null;
        var (user, group) = DockerContainers.UserOf(service);
        var text = new StringBuilder("FROM ").Append(ImageStore.ReferenceOf(workload, service)).Append('\n');
        foreach (var path in service.Volumes.Select(volume => volume.Path).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal))
            text.Append($"COPY --chown={user}:{group} ").Append(JsonSerializer.Serialize<string[]>(["empty/", path.TrimEnd('/') + "/"])).Append('\n');
        var key = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())))[..Digits];
        return new ComposeImage($"{ImageStore.OwnPrefix}compose:{key}", $"{folder}/images/{key}", text.ToString());
    }
}
