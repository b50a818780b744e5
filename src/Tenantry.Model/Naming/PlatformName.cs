using System.Security.Cryptography;
using System.Text;
using Tenantry.Model.Instances;

namespace Tenantry.Model.Naming;

/// <summary>
/// The name of a thing that a platform holds for an instance. It is made from the instance's reference alone: <c>tn-SLUG-DIGEST</c>, where the digest tells
/// this instance of this control plane from any other. A slug for which there is no room is cut; the digest never is. So no two instances ever share a name, whatever
/// they are called, and the same instance always gets the same one.
/// </summary>
/// <param name="Target">The kind of target.</param>
/// <param name="Thing">What is named.</param>
/// <param name="Limit">Most characters that the platform takes. All of them take lower-case letters, digits and single hyphens, a letter first.</param>
/// <param name="Source">Where the platform says so.</param>
public sealed record PlatformName(string Target, string Thing, int Limit, string Source)
{
    private const string Prefix = "tn-";
    private const int DigestDigits = 12;

    /// <summary>Every name that outlives its instance's process somewhere else than on this machine, by target.</summary>
    public static IReadOnlyList<PlatformName> All { get; } =
    [
        new("kubernetes", "namespace", 63, "RFC 1123 label"),
        new("aws", "S3 bucket", 63, "S3 bucket naming rules"),
        new("aws", "ECS service", 255, "ECS service name"),
        new("aws", "load balancer's target group", 32, "Elastic Load Balancing quotas"),
        new("aws", "IAM role", 64, "IAM quotas"),
        new("aws", "RDS instance", 63, "RDS naming constraints"),
        new("aws", "ElastiCache replication group", 40, "ElastiCache naming constraints"),
        new("aws", "Secrets Manager secret", 512, "Secrets Manager quotas"),
        new("cloudrun", "service", 49, "Cloud Run service naming"),
        new("cloudrun", "Cloud SQL instance", 63, "98 with the project's name before it"),
        new("cloudrun", "service account", 30, "IAM service account id"),
        new("cloudrun", "secret", 255, "Secret Manager quotas"),
        new("cloudflare", "Worker", 63, "DNS label of workers.dev"),
        new("cloudflare", "R2 bucket", 63, "R2 bucket naming rules"),
    ];

    /// <summary>The instance's name for it.</summary>
    public string Of(InstanceRef instance)
    {
        var digest = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{instance.Owner}\n{instance.Id}")))[..DigestDigits];
        var slug = SingleHyphens(instance.Slug);
        var room = Limit - Prefix.Length - DigestDigits - 1;
        return $"{Prefix}{(slug.Length > room ? slug[..room] : slug).TrimEnd('-')}-{digest}";
    }

    // Some platforms take no two hyphens in a row; the digest tells what becomes alike.
    private static string SingleHyphens(string slug)
    {
        var text = new StringBuilder(slug.Length);
        foreach (var c in slug)
        {
            if (c != '-' || (text.Length > 0 && text[^1] != '-'))
                text.Append(c);
        }

        return text.ToString();
    }
}
