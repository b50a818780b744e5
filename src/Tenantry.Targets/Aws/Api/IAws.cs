using System.Text.Json;
using System.Xml.Linq;

namespace Tenantry.Targets.Aws.Api;

/// <summary>
/// Calls of AWS that Terraform has no part in, each signed. Whatever AWS refuses is an <see cref="AwsException"/> with its code; what cannot be reached is one too, with the code
/// <see cref="AwsException.Unreachable"/>.
/// </summary>
internal interface IAws
{
    /// <summary>A call that speaks JSON, by the name that the service's <c>X-Amz-Target</c> has.</summary>
    Task<JsonElement> JsonAsync(AwsService service, string target, object body, CancellationToken cancellationToken);

    /// <summary>A call of the older kind: parameters of a form, an answer in XML.</summary>
    Task<XElement> QueryAsync(AwsService service, string action, IReadOnlyDictionary<string, string> parameters, CancellationToken cancellationToken);

    /// <summary>A look by a path, as the services of that kind want it; answers JSON.</summary>
    Task<JsonElement> RestAsync(AwsService service, string path, CancellationToken cancellationToken);

    /// <summary>An object of S3, or null when there is none.</summary>
    Task<byte[]?> GetObjectAsync(string bucket, string key, CancellationToken cancellationToken);

    /// <summary>Writes an object, encrypted at rest.</summary>
    Task PutObjectAsync(string bucket, string key, ReadOnlyMemory<byte> content, CancellationToken cancellationToken);

    /// <summary>Writes an object where none is; false when one is there.</summary>
    Task<bool> PutNewObjectAsync(string bucket, string key, ReadOnlyMemory<byte> content, CancellationToken cancellationToken);

    /// <summary>Removes an object; none is none.</summary>
    Task DeleteObjectAsync(string bucket, string key, CancellationToken cancellationToken);

    /// <summary>Keys that begin so, in order.</summary>
    Task<IReadOnlyList<string>> ListObjectsAsync(string bucket, string prefix, CancellationToken cancellationToken);

    /// <summary>The same as a role of another account, or of this one.</summary>
    IAws As(string roleArn);
}

/// <summary>What a service is called in addresses and signatures, and the version of its older interface.</summary>
/// <param name="Name">In signatures.</param>
/// <param name="Prefix">In front of <c>X-Amz-Target</c>'s operation, or empty.</param>
/// <param name="Version">Of the older interface, or empty.</param>
internal sealed record AwsService(string Name, string Prefix = "", string Version = "")
{
    internal static readonly AwsService Ecs = new("ecs", "AmazonEC2ContainerServiceV20141113");
    internal static readonly AwsService Secrets = new("secretsmanager", "secretsmanager");
    internal static readonly AwsService Scaling = new("application-autoscaling", "AnyScaleFrontendService");
    internal static readonly AwsService Logs = new("logs", "Logs_20140328");
    internal static readonly AwsService Organizations = new("organizations", "AWSOrganizationsV20161128") { Region = "us-east-1" };
    internal static readonly AwsService CostExplorer = new("ce", "AWSInsightsIndexService") { Region = "us-east-1" };
    internal static readonly AwsService Certificates = new("acm", "CertificateManager");
    internal static readonly AwsService Ecr = new("ecr", "AmazonEC2ContainerRegistry_V20150921");
    internal static readonly AwsService Sts = new("sts", Version: "2011-06-15");
    internal static readonly AwsService Balancing = new("elasticloadbalancing", Version: "2015-12-01");
    internal static readonly AwsService CloudWatch = new("monitoring", Version: "2010-08-01");
    internal static readonly AwsService Tagging = new("tagging", "ResourceGroupsTaggingAPI_20170126");
    internal static readonly AwsService Files = new("elasticfilesystem");
    internal static readonly AwsService Networks = new("ec2", Version: "2016-11-15");
    internal static readonly AwsService S3 = new("s3");

    /// <summary>Where a service for all regions lives; null for one in each.</summary>
    internal string? Region { get; init; }
}

/// <summary>AWS refused a call, or could not be asked. <see cref="Exception.Message"/> is AWS's own.</summary>
internal sealed class AwsException(string code, string message, int status, Exception? cause = null) : Exception(message, cause)
{
    internal const string Unreachable = "Unreachable";
    internal const string NoCredentials = "NoCredentials";

    /// <summary>A profile that was named is not there.</summary>
    internal const string NoProfile = "NoProfile";

    /// <summary>Such as <c>ResourceNotFoundException</c>.</summary>
    internal string Code { get; } = code;

    /// <summary>Of HTTP; 0 when nothing answered.</summary>
    internal int Status { get; } = status;
}
