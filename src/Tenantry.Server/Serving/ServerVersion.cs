using System.Reflection;

namespace Tenantry.Server.Serving;

/// <summary>The version of this program.</summary>
public static class ServerVersion
{
    /// <summary>Such as <c>0.1.0</c>.</summary>
    public static string Text { get; } = typeof(ServerVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0";
}
