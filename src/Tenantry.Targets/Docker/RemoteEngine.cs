using System.Net;

namespace Tenantry.Targets.Docker;

/// <summary>An engine on another machine.</summary>
/// <param name="Host">Its name or address, as its certificate has it.</param>
/// <param name="Port">Its port.</param>
/// <param name="Authority">File with the certificate of the authority that made the engine's.</param>
/// <param name="Certificate">File with our certificate.</param>
/// <param name="Key">File with its key.</param>
/// <param name="Publish">The address of the engine's machine that instances' ports are published on.</param>
/// <param name="Memory">Folder in memory on the engine's machine for secrets and rendered files.</param>
/// <param name="HoldsRules">True when the operator says that the engine's machine holds instances in with the rules for it.</param>
internal sealed record RemoteEngine(string Host, int Port, string Authority, string Certificate, string Key, IPAddress Publish, string Memory, bool HoldsRules);
