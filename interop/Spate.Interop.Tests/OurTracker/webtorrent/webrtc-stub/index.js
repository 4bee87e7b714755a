// As much of WebRTC as signalling needs: offers and answers with text of their own, so that a test can see them arrive unchanged.
let made = 0

export class RTCSessionDescription {
  constructor ({ type, sdp }) {
    this.type = type
    this.sdp = sdp
  }
}

export class RTCIceCandidate {}

export class RTCPeerConnection {
  signalingState = 'stable'
  iceGatheringState = 'new'
  iceConnectionState = 'new'
  connectionState = 'new'
  localDescription = null
  remoteDescription = null

  createDataChannel (label) {
    return { label, readyState: 'connecting', bufferedAmount: 0, close () {}, send () {} }
  }

  async createOffer () {
    return { type: 'offer', sdp: `v=0 offer ${++made} é世\r\n` }
  }

  async createAnswer () {
    return { type: 'answer', sdp: `v=0 answer to ${this.remoteDescription.sdp}` }
  }

  async setLocalDescription (description) {
    this.localDescription = description
    this.iceGatheringState = 'complete'
    setTimeout(() => {
      this.onicegatheringstatechange?.()
      this.onicecandidate?.({ candidate: null })
    }, 0)
  }

  async setRemoteDescription (description) {
    this.remoteDescription = description
  }

  async addIceCandidate () {}

  async getStats () {
    return new Map()
  }

  close () {}
}
