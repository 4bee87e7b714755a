using Spate.Protocol.Wire;

namespace Spate.Engine.Peers;

/// <summary>One message of a peer, as it goes from the pump to the torrent's strand.</summary>
/// <param name="Id">Its kind.</param>
/// <param name="A">First number: usually a piece.</param>
/// <param name="B">Second number: usually an offset.</param>
/// <param name="C">Third number: usually a length.</param>
/// <param name="Slot">Of a piece message: the block pool's slot that holds the block. Whoever takes the message owns it.</param>
/// <param name="Payload">Of a message of variable length: its content.</param>
internal readonly record struct PeerMessage(MessageId Id, int A, int B, int C, int Slot, byte[]? Payload);
